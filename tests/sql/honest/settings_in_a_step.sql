-- proved
WITH study AS (SELECT DATE '2021-01-01' AS starts, DATE '2021-12-31' AS ends)
SELECT p.sex, count(DISTINCT e.patient_id) AS people, count(*) AS events
FROM clinical_events e
JOIN patients p ON p.patient_id = e.patient_id
CROSS JOIN study s
WHERE e.date BETWEEN s.starts AND s.ends
GROUP BY p.sex
