-- proved
SELECT region, sum(date_diff('day', admission_date, discharge_date)) AS bed_days, count(DISTINCT patient_id) AS people
FROM admissions JOIN patients USING (patient_id) GROUP BY region
