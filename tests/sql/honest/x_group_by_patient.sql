-- extract proved
SELECT patient_id, count(*) AS events, min(date) AS first, max(date) AS last, avg(numeric_value) AS mean_value
FROM clinical_events GROUP BY patient_id
