-- proved
SELECT p.sex, count(DISTINCT p.patient_id) AS people
FROM patients p
JOIN practice_registrations r ON r.patient_id = p.patient_id
LEFT JOIN clinical_events e ON e.patient_id = p.patient_id
LEFT JOIN medications m ON m.patient_id = p.patient_id
LEFT JOIN vaccinations v ON v.patient_id = p.patient_id
LEFT JOIN covid_tests t ON t.patient_id = p.patient_id
LEFT JOIN admissions a ON a.patient_id = p.patient_id
LEFT JOIN ons_deaths d ON d.patient_id = p.patient_id
WHERE d.date IS NULL
GROUP BY p.sex
