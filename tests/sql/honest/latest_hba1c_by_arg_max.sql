-- proved
WITH latest AS (
  SELECT patient_id, arg_max(numeric_value, date) AS hba1c
  FROM clinical_events WHERE list_contains($hba1c, snomedct_code) GROUP BY patient_id
)
SELECT region, count(*) AS tested, avg(hba1c) AS mean_hba1c, count(*) FILTER (WHERE hba1c >= 48) AS high
FROM patients JOIN latest USING (patient_id)
GROUP BY region
