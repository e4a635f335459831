-- proved
SELECT product_name, count(DISTINCT patient_id) AS people FROM vaccinations
GROUP BY product_name ORDER BY people DESC, product_name LIMIT 10
