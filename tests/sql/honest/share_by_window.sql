-- not proved
SELECT region, count(*) AS n, 100.0 * count(*) / sum(count(*)) OVER () AS pct FROM patients GROUP BY region
