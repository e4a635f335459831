-- proved
WITH everyone AS (SELECT patient_id, date_of_birth, sex FROM patients),
     adults AS (SELECT patient_id, sex FROM everyone WHERE date_diff('year', date_of_birth, $index_date::DATE) >= 18),
     known_sex AS (SELECT patient_id FROM adults WHERE sex IN ('female', 'male'))
SELECT 1 AS step, 'everyone' AS label, count(*) AS n FROM everyone
UNION ALL SELECT 2, 'adults', count(*) FROM adults
UNION ALL SELECT 3, 'sex known', count(*) FROM known_sex
ORDER BY step
