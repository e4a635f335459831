SELECT region, sex, count(DISTINCT patient_id) AS people
FROM patients
GROUP BY region, sex
ORDER BY region, sex
