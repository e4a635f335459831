-- proved
SELECT last_region, count(*) AS n
FROM (
  SELECT p.patient_id,
         (SELECT max(r.practice_nuts1_region_name) FROM practice_registrations r WHERE r.patient_id = p.patient_id) AS last_region
  FROM patients p
) AS x
GROUP BY last_region
