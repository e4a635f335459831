-- proved
SELECT region, sex, count(*) AS people FROM patients GROUP BY region, sex ORDER BY region, sex
