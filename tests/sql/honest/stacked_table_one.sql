-- proved
WITH cohort AS (
  SELECT patient_id, sex, ethnicity, imd_quintile::VARCHAR AS imd FROM patients WHERE date_of_birth < $study_start
)
SELECT 'sex' AS variable, sex AS level, count(*) AS n FROM cohort GROUP BY sex
UNION ALL
SELECT 'ethnicity', ethnicity, count(*) FROM cohort GROUP BY ethnicity
UNION ALL
SELECT 'imd', imd, count(*) FROM cohort GROUP BY imd
