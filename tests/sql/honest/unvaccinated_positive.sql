-- proved
WITH vaccinated AS (SELECT patient_id, min(date) AS first_dose FROM vaccinations WHERE target_disease = 'COVID-19' GROUP BY patient_id)
SELECT CASE WHEN v.first_dose IS NULL OR v.first_dose > t.specimen_date THEN 'not yet' ELSE 'vaccinated' END AS status,
       count(DISTINCT t.patient_id) AS people
FROM covid_tests t LEFT JOIN vaccinated v ON v.patient_id = t.patient_id
WHERE t.result = 'positive' GROUP BY status
