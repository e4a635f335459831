-- extract proved
SELECT DISTINCT ON (patient_id) patient_id, practice_nuts1_region_name, start_date
FROM practice_registrations ORDER BY patient_id, start_date DESC
