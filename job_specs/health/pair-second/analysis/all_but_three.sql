SELECT region, count(DISTINCT patient_id) AS people
FROM patients
WHERE sex <> 'intersex'
GROUP BY region
ORDER BY region
