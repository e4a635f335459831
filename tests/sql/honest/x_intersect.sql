-- extract proved
WITH both_services AS (SELECT patient_id FROM clinical_events INTERSECT SELECT patient_id FROM admissions)
SELECT b.patient_id, p.sex FROM both_services b JOIN patients p ON p.patient_id = b.patient_id
