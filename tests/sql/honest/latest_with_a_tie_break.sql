-- proved
WITH latest AS (
  SELECT patient_id, arg_max(numeric_value, (date, snomedct_code)) AS value, arg_min(date, numeric_value) AS lowest_on
  FROM clinical_events
  WHERE list_contains($hba1c, snomedct_code)
  GROUP BY patient_id
)
SELECT p.sex, count(*) AS people, avg(l.value) AS mean_latest, count(l.lowest_on) AS with_a_day
FROM latest l JOIN patients p ON p.patient_id = l.patient_id
GROUP BY p.sex
