-- proved
SELECT p.region, count(*) AS n
FROM patients p
WHERE EXISTS (SELECT 1 FROM clinical_events e WHERE e.patient_id = p.patient_id AND list_contains($asthma, e.snomedct_code))
  AND NOT EXISTS (SELECT 1 FROM medications m WHERE m.patient_id = p.patient_id AND list_contains($inhalers, m.dmd_code))
GROUP BY p.region
