-- proved
SELECT ethnicity, count(*) AS n, count(*) FILTER (WHERE sex = 'female') AS women,
       round(100.0 * count(*) FILTER (WHERE sex = 'female') / count(*), 1) AS pct_women
FROM patients
GROUP BY ethnicity
