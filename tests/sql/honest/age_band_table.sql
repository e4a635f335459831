-- proved
WITH bands(low, high, label) AS (VALUES (0, 17, 'child'), (18, 64, 'adult'), (65, 200, 'older'))
SELECT b.label, count(DISTINCT p.patient_id) AS n
FROM patients p JOIN bands b ON date_diff('year', p.date_of_birth, $index_date::DATE) BETWEEN b.low AND b.high
GROUP BY b.label
