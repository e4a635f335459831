-- proved
SELECT DISTINCT region, imd_quintile FROM patients ORDER BY region, imd_quintile
