-- proved
WITH followed AS (
  SELECT p.patient_id, p.sex,
         date_diff('day', greatest(r.start_date, $study_start::DATE), least(coalesce(r.end_date, $end_date::DATE), $end_date::DATE)) AS days
  FROM patients p JOIN practice_registrations r ON r.patient_id = p.patient_id
  WHERE r.start_date <= $end_date
)
SELECT sex, count(DISTINCT patient_id) AS people, sum(days) / 365.25 AS person_years
FROM followed WHERE days > 0 GROUP BY sex
