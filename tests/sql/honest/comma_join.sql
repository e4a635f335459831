-- proved
SELECT p.sex, count(*) AS events, count(DISTINCT p.patient_id) AS people
FROM patients p, clinical_events e WHERE p.patient_id = e.patient_id GROUP BY p.sex
