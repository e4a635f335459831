-- proved
SELECT p.imd_quintile, count(DISTINCT p.patient_id) AS n, count(DISTINCT m.patient_id) AS on_statin
FROM patients p
LEFT JOIN medications m ON m.patient_id = p.patient_id AND list_contains($statins, m.dmd_code)
GROUP BY p.imd_quintile
