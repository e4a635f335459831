-- proved
WITH entry AS (
  SELECT patient_id, min(start_date) AS entered FROM practice_registrations GROUP BY patient_id
), event AS (
  SELECT patient_id, min(date) AS first_event FROM clinical_events WHERE list_contains($asthma, snomedct_code) GROUP BY patient_id
), follow_up AS (
  SELECT e.patient_id, p.region,
         date_diff('day', e.entered, coalesce(v.first_event, $end_date::DATE)) AS days,
         v.first_event IS NOT NULL AS had_event
  FROM entry e
  JOIN patients p ON p.patient_id = e.patient_id
  LEFT JOIN event v ON v.patient_id = e.patient_id
)
SELECT region, count(*) AS n, count_if(had_event) AS events, sum(days) AS person_days,
       365250.0 * count_if(had_event) / sum(days) AS rate
FROM follow_up WHERE days > 0 GROUP BY region
