-- proved
SELECT year(date) AS year,
       count(DISTINCT CASE WHEN list_contains($diabetes, snomedct_code) THEN patient_id END) AS diabetes,
       count(DISTINCT CASE WHEN list_contains($asthma, snomedct_code) THEN patient_id END) AS asthma,
       count(DISTINCT patient_id) AS people
FROM clinical_events GROUP BY year
