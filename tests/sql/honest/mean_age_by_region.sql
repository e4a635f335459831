-- proved
SELECT region, count(*) AS n, avg(date_diff('year', date_of_birth, $index_date::DATE)) AS mean_age
FROM patients GROUP BY region
