-- proved
SELECT p.region, count(v.date) AS doses, count(DISTINCT p.patient_id) AS people
FROM vaccinations v RIGHT JOIN patients p ON p.patient_id = v.patient_id
GROUP BY p.region
