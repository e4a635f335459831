SELECT 'patients' AS table_name, NULL::DATE AS month, count(DISTINCT patient_id) AS people, count(*) AS rows_held
FROM patients
UNION ALL
SELECT 'practice_registrations' AS table_name, date_trunc('month', start_date)::DATE AS month, count(DISTINCT patient_id) AS people, count(*) AS rows_held
FROM practice_registrations
GROUP BY date_trunc('month', start_date)
UNION ALL
SELECT 'clinical_events' AS table_name, date_trunc('month', date)::DATE AS month, count(DISTINCT patient_id) AS people, count(*) AS rows_held
FROM clinical_events
GROUP BY date_trunc('month', date)
UNION ALL
SELECT 'medications' AS table_name, date_trunc('month', date)::DATE AS month, count(DISTINCT patient_id) AS people, count(*) AS rows_held
FROM medications
GROUP BY date_trunc('month', date)
UNION ALL
SELECT 'vaccinations' AS table_name, date_trunc('month', date)::DATE AS month, count(DISTINCT patient_id) AS people, count(*) AS rows_held
FROM vaccinations
GROUP BY date_trunc('month', date)
UNION ALL
SELECT 'ons_deaths' AS table_name, date_trunc('month', date)::DATE AS month, count(DISTINCT patient_id) AS people, count(*) AS rows_held
FROM ons_deaths
GROUP BY date_trunc('month', date)
