-- extract proved
SELECT patient_id, ntile(5) OVER (ORDER BY date_of_birth) AS age_fifth FROM patients
