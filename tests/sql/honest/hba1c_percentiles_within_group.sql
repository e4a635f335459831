-- proved
SELECT count(DISTINCT patient_id) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY numeric_value) AS middle
FROM clinical_events WHERE list_contains($hba1c, snomedct_code)
