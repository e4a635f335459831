-- proved
WITH seen AS (
  SELECT patient_id FROM clinical_events WHERE date >= $study_start
  UNION
  SELECT patient_id FROM admissions WHERE admission_date >= $study_start
)
SELECT p.region, count(*) AS n FROM patients p JOIN seen s ON s.patient_id = p.patient_id GROUP BY p.region
