-- proved
SELECT p.sex,
       sum(CASE WHEN m.patient_id IS NULL THEN 0 ELSE 1 END) AS treated,
       count(*) AS n
FROM patients p LEFT JOIN (SELECT DISTINCT patient_id FROM medications WHERE list_contains($statins, dmd_code)) m
  ON m.patient_id = p.patient_id
GROUP BY p.sex
