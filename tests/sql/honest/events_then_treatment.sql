-- proved
WITH diagnosed AS (SELECT patient_id, min(date) AS first FROM clinical_events WHERE list_contains($diabetes, snomedct_code) GROUP BY 1),
     treated AS (
       SELECT d.patient_id, min(m.date) AS first_issue
       FROM diagnosed d JOIN medications m ON m.patient_id = d.patient_id AND m.date >= d.first
       WHERE list_contains($statins, m.dmd_code) GROUP BY d.patient_id
     )
SELECT p.sex, count(*) AS diagnosed, count(t.first_issue) AS treated,
       median(date_diff('day', d.first, t.first_issue)) AS median_days
FROM diagnosed d JOIN patients p USING (patient_id) LEFT JOIN treated t USING (patient_id)
GROUP BY p.sex
