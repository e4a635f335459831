-- extract proved
WITH registered AS (
  SELECT DISTINCT patient_id FROM practice_registrations
  WHERE start_date <= $index_date AND (end_date IS NULL OR end_date > $index_date)
), bmi AS (
  SELECT patient_id, arg_max(numeric_value, date) AS bmi, max(date) AS bmi_date
  FROM clinical_events WHERE list_contains($bmi, snomedct_code) AND date <= $index_date GROUP BY patient_id
), statin AS (
  SELECT patient_id, count(*) AS issues FROM medications WHERE list_contains($statins, dmd_code) GROUP BY patient_id
)
SELECT p.patient_id, p.sex, p.imd_quintile, b.bmi, b.bmi_date, coalesce(s.issues, 0) AS statin_issues,
       EXISTS (SELECT 1 FROM covid_tests t WHERE t.patient_id = p.patient_id AND t.result = 'positive') AS tested_positive,
       (SELECT min(d.date) FROM ons_deaths d WHERE d.patient_id = p.patient_id) AS died
FROM patients p
JOIN registered r ON r.patient_id = p.patient_id
LEFT JOIN bmi b ON b.patient_id = p.patient_id
LEFT JOIN statin s ON s.patient_id = p.patient_id
