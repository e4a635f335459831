-- proved
WITH ordered AS (
  SELECT patient_id, date, lag(date) OVER (PARTITION BY patient_id ORDER BY date) AS previous
  FROM vaccinations WHERE target_disease = 'COVID-19'
)
SELECT floor(date_diff('day', previous, date) / 28) AS four_weeks, count(*) AS pairs, count(DISTINCT patient_id) AS people
FROM ordered WHERE previous IS NOT NULL GROUP BY 1 ORDER BY 1
