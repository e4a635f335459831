-- proved
SELECT CASE WHEN d.date < a.discharge_date THEN 'in hospital' ELSE 'elsewhere' END AS place, count(DISTINCT d.patient_id) AS people
FROM ons_deaths d JOIN admissions a ON a.patient_id = d.patient_id GROUP BY place
