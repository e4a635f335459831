-- proved
WITH one AS (SELECT patient_id, avg(numeric_value) AS value FROM clinical_events WHERE list_contains($bmi, snomedct_code) GROUP BY patient_id)
SELECT count(*) AS n, corr(date_diff('year', p.date_of_birth, $index_date::DATE), o.value) AS r
FROM patients p JOIN one o USING (patient_id)
