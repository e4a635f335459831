-- proved
WITH first_positive AS (
  SELECT patient_id, min(specimen_date) AS first_date FROM covid_tests WHERE result = 'positive' GROUP BY patient_id
)
SELECT date_trunc('month', f.first_date) AS month, p.sex, count(*) AS n
FROM first_positive f JOIN patients p ON p.patient_id = f.patient_id
GROUP BY 1, 2 ORDER BY 1, 2
