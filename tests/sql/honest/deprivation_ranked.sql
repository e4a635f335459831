-- not proved
WITH ranked AS (SELECT patient_id, sex, ntile(10) OVER (ORDER BY imd_quintile) AS decile FROM patients)
SELECT decile, sex, count(*) AS n FROM ranked GROUP BY ALL
