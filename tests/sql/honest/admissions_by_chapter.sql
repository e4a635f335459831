-- proved
SELECT CASE left(primary_diagnosis, 1) WHEN 'I' THEN 'circulatory' WHEN 'J' THEN 'respiratory' ELSE 'other' END AS chapter,
       count(*) AS stays, count(DISTINCT patient_id) AS people
FROM admissions GROUP BY chapter
