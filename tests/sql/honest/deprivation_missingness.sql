-- proved
SELECT region, count(*) AS n, count(imd_quintile) AS known, count(*) - count(imd_quintile) AS missing
FROM patients GROUP BY ALL ORDER BY region
