-- proved
WITH current AS (
  SELECT DISTINCT ON (patient_id) patient_id, practice_nuts1_region_name AS region
  FROM practice_registrations WHERE start_date <= $index_date
  ORDER BY patient_id, start_date DESC
)
SELECT region, count(*) AS n FROM current GROUP BY region
