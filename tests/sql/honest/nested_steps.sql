-- proved
SELECT band, count(*) AS n
FROM (
  SELECT patient_id, floor(age / 10) * 10 AS band
  FROM (SELECT patient_id, date_diff('year', date_of_birth, $index_date::DATE) AS age FROM patients) AS ages
  WHERE age BETWEEN 0 AND 110
) AS bands
GROUP BY band ORDER BY band
