-- proved
WITH doses AS (
  SELECT patient_id, count(*) AS doses FROM vaccinations WHERE target_disease = 'COVID-19' GROUP BY patient_id
)
SELECT p.region, coalesce(d.doses, 0) AS doses, count(*) AS n
FROM patients p LEFT JOIN doses d USING (patient_id)
GROUP BY p.region, coalesce(d.doses, 0)
ORDER BY 1, 2
