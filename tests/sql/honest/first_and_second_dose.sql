-- proved
WITH numbered AS (
  SELECT patient_id, date, row_number() OVER (PARTITION BY patient_id ORDER BY date, product_name) AS dose
  FROM vaccinations WHERE target_disease = 'COVID-19'
)
SELECT dose, date_trunc('month', date) AS month, count(DISTINCT patient_id) AS people
FROM numbered WHERE dose <= 2 GROUP BY dose, month ORDER BY dose, month
