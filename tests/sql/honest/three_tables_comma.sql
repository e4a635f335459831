-- proved
SELECT p.region, count(DISTINCT p.patient_id) AS people
FROM patients p, clinical_events e, medications m
WHERE e.patient_id = p.patient_id AND m.patient_id = e.patient_id
  AND list_contains($diabetes, e.snomedct_code) AND m.date >= e.date
GROUP BY p.region
