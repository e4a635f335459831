-- proved
WITH died AS (
  SELECT patient_id, min(date) AS died FROM ons_deaths GROUP BY patient_id
)
SELECT p.imd_quintile, count(*) AS n,
       count(*) FILTER (WHERE d.died BETWEEN $study_start AND $end_date) AS deaths,
       avg((d.died BETWEEN $study_start AND $end_date)::INT) AS risk
FROM patients p LEFT JOIN died d ON p.patient_id = d.patient_id
GROUP BY p.imd_quintile ORDER BY p.imd_quintile
