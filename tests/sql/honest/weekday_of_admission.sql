-- proved
SELECT dayname(admission_date) AS weekday, count(*) AS admissions, count(DISTINCT patient_id) AS people FROM admissions GROUP BY 1
