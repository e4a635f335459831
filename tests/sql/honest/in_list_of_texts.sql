-- proved
SELECT region, count(*) AS n FROM patients WHERE region IN ('London', 'Midlands', 'South East') GROUP BY region
