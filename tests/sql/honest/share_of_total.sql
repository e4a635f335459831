-- not proved
SELECT sex, count(*) AS n, 100.0 * count(*) / (SELECT count(*) FROM patients) AS pct FROM patients GROUP BY sex
