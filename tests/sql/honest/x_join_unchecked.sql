-- extract to be checked
SELECT p.patient_id, p.sex, d.date AS died FROM patients p LEFT JOIN ons_deaths d ON d.patient_id = p.patient_id
