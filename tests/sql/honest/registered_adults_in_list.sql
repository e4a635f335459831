-- proved
WITH registered AS (
  SELECT DISTINCT patient_id
  FROM practice_registrations
  WHERE start_date <= $index_date AND (end_date IS NULL OR end_date > $index_date)
)
SELECT sex, count(*) AS n
FROM patients
WHERE patient_id IN (SELECT patient_id FROM registered)
  AND date_diff('year', date_of_birth, $index_date) >= 18
  AND sex IN ('female', 'male')
GROUP BY sex
