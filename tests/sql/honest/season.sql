-- proved
SELECT CASE WHEN month(date) IN (12, 1, 2) THEN 'winter' WHEN month(date) BETWEEN 3 AND 5 THEN 'spring'
            WHEN month(date) BETWEEN 6 AND 8 THEN 'summer' ELSE 'autumn' END AS season,
       count(*) AS deaths, count(DISTINCT patient_id) AS people
FROM ons_deaths WHERE date IS NOT NULL GROUP BY season
