-- proved
SELECT date_trunc('month', date) AS month, count(*) AS deaths, count(DISTINCT patient_id) AS people
FROM ons_deaths GROUP BY month ORDER BY month
