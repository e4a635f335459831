-- proved
SELECT p.sex, count(*) AS stays, count(DISTINCT a.patient_id) AS people,
       avg(date_diff('day', a.admission_date, a.discharge_date)) AS mean_days
FROM admissions a JOIN patients p USING (patient_id)
WHERE a.discharge_date IS NOT NULL GROUP BY p.sex
