-- proved
SELECT date_trunc('month', specimen_date) AS month, count(*) AS tests,
       avg(CASE WHEN result = 'positive' THEN 1 ELSE 0 END) AS positivity
FROM covid_tests WHERE result IN ('positive', 'negative') GROUP BY month
