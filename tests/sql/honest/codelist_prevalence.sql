-- proved
WITH coded AS (
  SELECT DISTINCT patient_id FROM clinical_events
  WHERE list_contains($diabetes, snomedct_code) AND date <= $index_date
)
SELECT p.region, count(*) AS n, count(c.patient_id) AS with_diabetes
FROM patients p LEFT JOIN coded c ON c.patient_id = p.patient_id
GROUP BY p.region
