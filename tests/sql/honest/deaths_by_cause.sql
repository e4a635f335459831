-- proved
SELECT left(underlying_cause_of_death, 1) AS chapter, count(DISTINCT patient_id) AS people
FROM ons_deaths GROUP BY chapter HAVING count(DISTINCT patient_id) > 7
