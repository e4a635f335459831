-- proved
SELECT count(*) AS events, count(DISTINCT patient_id) AS people, min(date) AS earliest, max(date) AS latest FROM clinical_events
