-- not proved
SELECT count(*) AS pairs FROM patients a JOIN patients b ON a.region = b.region AND a.patient_id <> b.patient_id
