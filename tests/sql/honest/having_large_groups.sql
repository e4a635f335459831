-- proved
SELECT ethnicity, region, count(*) AS n FROM patients GROUP BY ALL HAVING count(*) > $threshold
