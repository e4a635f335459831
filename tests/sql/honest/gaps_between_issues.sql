-- proved
WITH gaps AS (
  SELECT patient_id, date_diff('day', lag(date) OVER (PARTITION BY patient_id, dmd_code ORDER BY date), date) AS gap
  FROM medications
)
SELECT gap > 90 AS long_gap, count(*) AS gaps, count(DISTINCT patient_id) AS people FROM gaps WHERE gap IS NOT NULL GROUP BY 1
