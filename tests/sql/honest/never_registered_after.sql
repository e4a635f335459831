-- proved
SELECT p.region, count(*) AS n
FROM patients AS p
ANTI JOIN practice_registrations AS r ON r.patient_id = p.patient_id AND r.start_date > $index_date
GROUP BY 1
