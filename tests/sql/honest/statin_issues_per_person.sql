-- proved
WITH issues AS (
  SELECT patient_id, count(*) AS issues FROM medications
  WHERE list_contains($statins, dmd_code) AND date >= $study_start GROUP BY patient_id
)
SELECT sex, count(*) AS n, sum(issues) AS issues, avg(issues) AS mean_issues
FROM patients JOIN issues USING (patient_id) GROUP BY sex
