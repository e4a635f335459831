-- proved
WITH counts AS (SELECT sex, count(*) AS n FROM patients GROUP BY sex)
SELECT sex, n FROM counts WHERE n > 7 ORDER BY n DESC
