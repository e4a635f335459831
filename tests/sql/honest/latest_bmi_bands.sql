-- proved
WITH ranked AS (
  SELECT patient_id, numeric_value, row_number() OVER (PARTITION BY patient_id ORDER BY date DESC, numeric_value) AS rn
  FROM clinical_events
  WHERE list_contains($bmi, snomedct_code)
), latest AS (SELECT patient_id, numeric_value AS bmi FROM ranked WHERE rn = 1)
SELECT CASE WHEN bmi < 18.5 THEN 'under' WHEN bmi < 25 THEN 'healthy' WHEN bmi < 30 THEN 'over'
            WHEN bmi >= 30 THEN 'obese' ELSE 'unknown' END AS band,
       count(*) AS n
FROM patients p LEFT JOIN latest l ON l.patient_id = p.patient_id
GROUP BY band
