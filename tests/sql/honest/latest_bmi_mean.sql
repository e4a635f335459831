-- proved
WITH bmi AS (
  SELECT patient_id, numeric_value AS bmi
  FROM clinical_events
  WHERE list_contains($bmi, snomedct_code) AND date <= $index_date AND numeric_value BETWEEN 10 AND 70
  QUALIFY row_number() OVER (PARTITION BY patient_id ORDER BY date DESC, numeric_value) = 1
)
SELECT p.sex, count(*) AS n, avg(b.bmi) AS mean_bmi
FROM patients p JOIN bmi b ON p.patient_id = b.patient_id
GROUP BY p.sex
