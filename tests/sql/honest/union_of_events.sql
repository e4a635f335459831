-- proved
WITH contacts AS (
  SELECT patient_id, date FROM clinical_events
  UNION ALL
  SELECT patient_id, date FROM medications
  UNION ALL
  SELECT patient_id, admission_date FROM admissions
)
SELECT year(date) AS year, count(*) AS contacts, count(DISTINCT patient_id) AS people
FROM contacts WHERE date IS NOT NULL GROUP BY year ORDER BY year
