-- proved
SELECT CASE
         WHEN date_diff('year', date_of_birth, $index_date) < 18 THEN '0-17'
         WHEN date_diff('year', date_of_birth, $index_date) < 40 THEN '18-39'
         WHEN date_diff('year', date_of_birth, $index_date) < 65 THEN '40-64'
         ELSE '65+'
       END AS age_band,
       count(*) AS n
FROM patients
GROUP BY age_band
ORDER BY age_band
