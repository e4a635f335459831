-- proved
SELECT region, count(*) AS n FROM patients GROUP BY region
UNION ALL
SELECT 'all', count(*) FROM patients
ORDER BY 1
