-- proved
SELECT p.sex, count(l.date) AS measured, avg(date_diff('day', l.date, $index_date::DATE)) AS mean_age_of_measure
FROM patients p
LEFT JOIN LATERAL (
  SELECT max(e.date) AS date FROM clinical_events e WHERE e.patient_id = p.patient_id AND list_contains($bmi, e.snomedct_code)
) AS l ON true
GROUP BY p.sex
