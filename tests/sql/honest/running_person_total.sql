-- proved
WITH cumulative AS (
  SELECT patient_id, date, count(*) OVER (PARTITION BY patient_id ORDER BY date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far
  FROM medications
)
SELECT least(so_far, 10) AS issue_number, count(DISTINCT patient_id) AS people FROM cumulative GROUP BY 1
