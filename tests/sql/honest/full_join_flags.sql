-- proved
WITH a AS (SELECT DISTINCT patient_id FROM clinical_events WHERE list_contains($diabetes, snomedct_code)),
     b AS (SELECT DISTINCT patient_id FROM medications WHERE list_contains($statins, dmd_code))
SELECT a.patient_id IS NOT NULL AS coded, b.patient_id IS NOT NULL AS treated, count(*) AS n
FROM a FULL JOIN b ON a.patient_id = b.patient_id
GROUP BY ALL
