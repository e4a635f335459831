-- proved
WITH one AS (SELECT patient_id, avg(numeric_value) AS value FROM clinical_events WHERE list_contains($bmi, snomedct_code) GROUP BY patient_id)
SELECT sex, count(value) AS n, avg(value) AS mean, stddev(value) AS sd FROM patients JOIN one USING (patient_id) GROUP BY sex
