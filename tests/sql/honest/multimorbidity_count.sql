-- proved
WITH flags AS (
  SELECT patient_id,
         max(CASE WHEN list_contains($diabetes, snomedct_code) THEN 1 ELSE 0 END) AS diabetes,
         max(CASE WHEN list_contains($asthma, snomedct_code) THEN 1 ELSE 0 END) AS asthma
  FROM clinical_events GROUP BY patient_id
)
SELECT diabetes + asthma AS conditions, count(*) AS n FROM flags GROUP BY conditions
