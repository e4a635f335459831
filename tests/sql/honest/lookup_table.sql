-- proved
SELECT b.label, count(*) AS n
FROM patients p
JOIN (VALUES (1, 'most deprived'), (2, 'second'), (3, 'third'), (4, 'fourth'), (5, 'least deprived')) AS b(q, label)
  ON b.q = p.imd_quintile
GROUP BY b.label
