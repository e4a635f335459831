-- proved
SELECT region, count(*) AS n FROM patients WHERE date_of_birth >= CAST($study_start AS DATE) - INTERVAL 80 YEAR GROUP BY region
