-- extract proved
SELECT patient_id, product_name, date FROM vaccinations
QUALIFY row_number() OVER (PARTITION BY patient_id ORDER BY date) = 1
