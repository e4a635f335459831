SELECT 'practice_registrations' AS table_name, count(DISTINCT practice_registrations.patient_id) AS people, count(*) AS rows_held
FROM practice_registrations
LEFT JOIN patients ON patients.patient_id = practice_registrations.patient_id
WHERE patients.patient_id IS NULL
UNION ALL
SELECT 'clinical_events' AS table_name, count(DISTINCT clinical_events.patient_id) AS people, count(*) AS rows_held
FROM clinical_events
LEFT JOIN patients ON patients.patient_id = clinical_events.patient_id
WHERE patients.patient_id IS NULL
UNION ALL
SELECT 'medications' AS table_name, count(DISTINCT medications.patient_id) AS people, count(*) AS rows_held
FROM medications
LEFT JOIN patients ON patients.patient_id = medications.patient_id
WHERE patients.patient_id IS NULL
UNION ALL
SELECT 'vaccinations' AS table_name, count(DISTINCT vaccinations.patient_id) AS people, count(*) AS rows_held
FROM vaccinations
LEFT JOIN patients ON patients.patient_id = vaccinations.patient_id
WHERE patients.patient_id IS NULL
UNION ALL
SELECT 'ons_deaths' AS table_name, count(DISTINCT ons_deaths.patient_id) AS people, count(*) AS rows_held
FROM ons_deaths
LEFT JOIN patients ON patients.patient_id = ons_deaths.patient_id
WHERE patients.patient_id IS NULL
