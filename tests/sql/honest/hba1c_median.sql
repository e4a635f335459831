-- proved
WITH latest AS (
  SELECT patient_id, max(numeric_value) AS hba1c
  FROM clinical_events WHERE list_contains($hba1c, snomedct_code) GROUP BY patient_id
)
SELECT count(*) AS n, median(hba1c) AS middle, quantile_cont(hba1c, 0.25) AS lower, quantile_cont(hba1c, 0.75) AS upper
FROM latest
