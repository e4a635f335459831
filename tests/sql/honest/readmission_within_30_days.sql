-- proved
WITH stays AS (
  SELECT patient_id, admission_date,
         lag(discharge_date) OVER (PARTITION BY patient_id ORDER BY admission_date) AS previous_discharge
  FROM admissions
)
SELECT year(admission_date) AS year,
       count(*) AS stays,
       count(*) FILTER (WHERE date_diff('day', previous_discharge, admission_date) <= 30) AS readmissions,
       count(DISTINCT CASE WHEN date_diff('day', previous_discharge, admission_date) <= 30 THEN patient_id END) AS people
FROM stays GROUP BY year
