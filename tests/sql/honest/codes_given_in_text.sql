-- proved
SELECT count(DISTINCT patient_id) AS people FROM clinical_events WHERE snomedct_code IN ('c1', 'c2', 'c3')
