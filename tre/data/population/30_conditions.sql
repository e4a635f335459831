-- Conditions: prevalence by age is a logistic curve (most, the age of half of it, its width), inverted so that one draw gives the
-- age of onset. The share of men and women differs by `men`, the multiplier for men.
CREATE TEMP TABLE condition AS
SELECT * FROM (VALUES
    (1, 'diabetes', 0.17, 62, 11.0, 1.2), (2, 'hypertension', 0.55, 66, 12.0, 1.0), (3, 'asthma', 0.13, 12, 14.0, 0.9),
    (4, 'copd', 0.08, 70, 9.0, 1.1), (5, 'coronary_heart_disease', 0.18, 76, 10.0, 1.7),
    (6, 'chronic_kidney_disease', 0.30, 82, 9.0, 0.9), (7, 'cancer', 0.28, 76, 12.0, 1.1), (8, 'depression', 0.24, 38, 15.0, 0.65),
    (9, 'dementia', 0.35, 88, 5.0, 0.8), (10, 'stroke', 0.15, 80, 10.0, 1.2), (11, 'learning_disability', 0.005, 3, 1.5, 1.3),
    (12, 'immunosuppression', 0.02, 60, 15.0, 1.0), (13, 'severe_mental_illness', 0.011, 35, 10.0, 1.1),
    (14, 'epilepsy', 0.012, 25, 20.0, 1.0)
) AS t(k, cluster, most, mid, width, men);

CREATE TEMP TABLE ill AS
WITH drawn AS (
    SELECT i, h, k, cluster, mid, width, date_of_birth, dies, draw(h, 1000 + k)
               / (most * (CASE sex WHEN 'male' THEN men ELSE 1.0 END) * (1.2 - coalesce(imd_quintile, 3) * 0.06)) AS u
    FROM person, condition
), onset AS (
    SELECT i, h, k, cluster, dies, mid + width * ln(positive(u) / (1 - u)) AS age, date_of_birth FROM drawn WHERE u < 0.999
)
SELECT i, h, k, cluster, date_of_birth + floor(greatest(age, 0.1) * 365.25)::INTEGER AS since
FROM onset
WHERE age < 110 AND date_of_birth + floor(greatest(age, 0.1) * 365.25)::INTEGER <= least(dies, last_day());

CREATE TEMP TABLE health AS
SELECT p.i, bit_or(1 << k) FILTER (WHERE since < DATE '2020-12-01') AS conditions,
       count(*) FILTER (WHERE since < DATE '2020-12-01' AND k NOT IN (3, 8)) AS burden
FROM person AS p LEFT JOIN ill USING (i) GROUP BY p.i;
