-- proved
SELECT p.region, count(*) AS n
FROM patients p
WHERE EXISTS (
  SELECT 1 FROM practice_registrations r
  WHERE r.patient_id = p.patient_id
    AND r.start_date <= $index_date AND (r.end_date IS NULL OR r.end_date > $index_date)
)
GROUP BY p.region
