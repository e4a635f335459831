-- proved
WITH only_gp AS (
  SELECT patient_id FROM clinical_events EXCEPT SELECT patient_id FROM admissions
)
SELECT sex, count(*) AS n FROM patients WHERE patient_id IN (SELECT patient_id FROM only_gp) GROUP BY sex
