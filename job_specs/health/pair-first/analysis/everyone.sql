SELECT region, count(DISTINCT patient_id) AS people
FROM patients
GROUP BY region
ORDER BY region
