-- proved
SELECT time_bucket(INTERVAL 3 MONTH, date) AS quarter, count(DISTINCT patient_id) AS people FROM vaccinations GROUP BY quarter
