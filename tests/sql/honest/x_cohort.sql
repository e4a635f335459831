-- extract proved
SELECT p.patient_id, p.sex, p.region, date_diff('year', p.date_of_birth, $index_date::DATE) AS age
FROM patients p WHERE p.date_of_birth < $index_date ORDER BY p.patient_id
