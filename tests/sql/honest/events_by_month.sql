-- proved
SELECT date_trunc('month', date) AS month, count(*) AS events, count(DISTINCT patient_id) AS people
FROM clinical_events
WHERE date BETWEEN $study_start AND $end_date
GROUP BY month
ORDER BY month
