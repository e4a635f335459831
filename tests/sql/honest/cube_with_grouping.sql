-- proved
SELECT region, sex, grouping(region, sex) AS level, count(*) AS n FROM patients GROUP BY CUBE (region, sex)
