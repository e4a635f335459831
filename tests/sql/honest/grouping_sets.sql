-- proved
SELECT sex, ethnicity, count(*) AS n FROM patients GROUP BY GROUPING SETS ((sex), (ethnicity), ())
