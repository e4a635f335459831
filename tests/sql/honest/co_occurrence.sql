-- proved
WITH flags AS (
  SELECT patient_id,
         bool_or(list_contains($diabetes, snomedct_code)) AS diabetes,
         bool_or(list_contains($asthma, snomedct_code)) AS asthma
  FROM clinical_events GROUP BY patient_id
)
SELECT coalesce(f.diabetes, false) AS diabetes, coalesce(f.asthma, false) AS asthma, count(*) AS n
FROM patients p LEFT JOIN flags f USING (patient_id) GROUP BY ALL
