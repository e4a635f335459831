-- proved
SELECT product_name, count(*) AS doses, count(DISTINCT patient_id) AS people
FROM vaccinations WHERE target_disease = 'COVID-19' GROUP BY product_name
