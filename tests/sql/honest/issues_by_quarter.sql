-- proved
SELECT year(date) AS year, quarter(date) AS quarter, count(*) AS issues, count(DISTINCT patient_id) AS people
FROM medications GROUP BY 1, 2 ORDER BY 1, 2
