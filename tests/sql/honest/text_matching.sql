-- proved
SELECT count(DISTINCT patient_id) AS people
FROM admissions WHERE primary_diagnosis LIKE 'J4%' OR regexp_matches(primary_diagnosis, '^E1[0-4]') OR starts_with(primary_diagnosis, 'I2')
