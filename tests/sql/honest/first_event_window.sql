-- proved
WITH marked AS (
  SELECT patient_id, snomedct_code, date, first_value(date) OVER (PARTITION BY patient_id ORDER BY date) AS first_date FROM clinical_events
)
SELECT year(first_date) AS year, count(DISTINCT patient_id) AS people FROM marked GROUP BY year
