-- proved
WITH both_services AS (
  SELECT patient_id FROM clinical_events INTERSECT SELECT patient_id FROM admissions
)
SELECT sex, count(*) AS n FROM both_services JOIN patients USING (patient_id) GROUP BY sex
