-- proved
WITH denominator AS (SELECT region, count(*) AS n FROM patients GROUP BY region),
     numerator AS (
       SELECT p.region, count(DISTINCT p.patient_id) AS cases
       FROM patients p JOIN clinical_events e USING (patient_id)
       WHERE list_contains($asthma, e.snomedct_code) GROUP BY p.region
     )
SELECT d.region, d.n, coalesce(c.cases, 0) AS cases, 1.0 * c.cases / d.n AS prevalence
FROM denominator d LEFT JOIN numerator c ON c.region = d.region
ORDER BY d.region
