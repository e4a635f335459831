-- proved
SELECT date_trunc('month', admission_date) AS month, count(*) AS admissions, count(DISTINCT patient_id) AS people
FROM admissions GROUP BY month ORDER BY month
