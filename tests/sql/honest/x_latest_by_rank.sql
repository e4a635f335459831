-- extract proved
SELECT patient_id, date, numeric_value
FROM (SELECT patient_id, date, numeric_value, row_number() OVER (PARTITION BY patient_id ORDER BY date DESC) AS rn FROM clinical_events) AS r
WHERE rn = 1
