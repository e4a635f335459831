-- not proved
SELECT avg(n) AS mean_region_size FROM (SELECT region, count(*) AS n FROM patients GROUP BY region) AS r
