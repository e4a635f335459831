-- proved
SELECT practice_nuts1_region_name AS region, count(DISTINCT practice_pseudo_id) AS practices, count(DISTINCT patient_id) AS people
FROM practice_registrations GROUP BY 1
