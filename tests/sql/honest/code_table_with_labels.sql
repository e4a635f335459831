-- proved
WITH codes(code, label) AS (VALUES ('c1', 'type 1'), ('c4', 'type 2'))
SELECT c.label, count(DISTINCT e.patient_id) AS people
FROM clinical_events e JOIN codes c ON c.code = e.snomedct_code GROUP BY c.label
