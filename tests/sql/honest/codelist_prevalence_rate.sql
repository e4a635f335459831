-- proved
WITH coded AS (
  SELECT patient_id, min(date) AS first_date FROM clinical_events
  WHERE list_contains($diabetes, snomedct_code) GROUP BY patient_id
)
SELECT p.sex, count(*) AS n, count(c.first_date) AS cases,
       1000.0 * count(c.first_date) / count(*) AS per_thousand
FROM patients p LEFT JOIN coded c USING (patient_id)
GROUP BY p.sex
