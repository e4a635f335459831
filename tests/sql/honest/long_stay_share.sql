-- proved
SELECT count(*) AS stays, avg((date_diff('day', admission_date, discharge_date) > 7)::INT) AS long_share, count(DISTINCT patient_id) AS people
FROM admissions
