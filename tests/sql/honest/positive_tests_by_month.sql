-- proved
SELECT date_trunc('month', specimen_date) AS month, result, count(*) AS tests, count(DISTINCT patient_id) AS people
FROM covid_tests GROUP BY ALL ORDER BY ALL
