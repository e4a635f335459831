-- proved
WITH months AS (SELECT m.month FROM range(DATE '2021-01-01', DATE '2022-01-01', INTERVAL 1 MONTH) AS m(month))
SELECT m.month, count(DISTINCT r.patient_id) AS registered
FROM months m
LEFT JOIN practice_registrations r ON r.start_date <= m.month AND (r.end_date IS NULL OR r.end_date > m.month)
GROUP BY m.month ORDER BY m.month
