-- proved
SELECT date_trunc('month', a.admission_date) AS month, count(DISTINCT a.patient_id) AS people
FROM admissions a
WHERE a.primary_diagnosis LIKE 'U07%'
  AND EXISTS (SELECT 1 FROM covid_tests t WHERE t.patient_id = a.patient_id AND t.result = 'positive'
              AND t.specimen_date BETWEEN a.admission_date - INTERVAL 14 DAY AND a.admission_date + INTERVAL 2 DAY)
GROUP BY month
