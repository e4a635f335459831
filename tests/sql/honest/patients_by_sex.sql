-- proved
SELECT sex, count(*) AS n FROM patients GROUP BY sex ORDER BY sex
