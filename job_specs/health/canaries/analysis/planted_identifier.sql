SELECT practice_nuts1_region_name AS region, count(DISTINCT patient_id) AS people
FROM practice_registrations
GROUP BY practice_nuts1_region_name
ORDER BY practice_nuts1_region_name
