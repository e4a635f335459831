-- proved
SELECT p.sex, p.imd_quintile, count(*) AS n
FROM patients AS p
SEMI JOIN practice_registrations AS r
  ON r.patient_id = p.patient_id AND r.start_date <= $index_date
GROUP BY p.sex, p.imd_quintile
