-- proved
SELECT region, sex, count(*) AS n FROM patients GROUP BY ROLLUP (region, sex)
