-- proved
SELECT count(*) AS n FROM patients
