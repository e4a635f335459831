-- extract proved
SELECT p.patient_id, p.sex, count(e.date) AS events
FROM patients p LEFT JOIN clinical_events e ON e.patient_id = p.patient_id AND e.date >= $study_start
GROUP BY p.patient_id, p.sex
