-- Tests, immunisations, admissions, registrations: what follows from a life and its infections.
CREATE TABLE covid_test AS
WITH found AS (
    SELECT i, infected + 1 + floor(draw(f.h, 5000 + w) * 5)::INTEGER AS specimen_date, 'positive' AS result, w AS n,
           1 + (draw(f.h, 5100 + w) < 0.12)::INTEGER AS copies
    FROM infection AS f WHERE draw(f.h, 5200 + w) < found
), screening AS (
    SELECT i, h, unnest(range(floor(-2.6 * attendance * ln(positive(draw(h, 5300)))
               * (CASE WHEN age_2020 BETWEEN 18 AND 65 THEN 1.2 WHEN age_2020 < 5 THEN 0.2 ELSE 0.8 END))::BIGINT)) AS n
    FROM life WHERE date_of_birth < DATE '2022-03-31'
), negative AS (
    SELECT i, DATE '2020-04-15' + floor(715 * power(draw(h, 5400 + n), 0.6))::INTEGER AS specimen_date,
           CASE WHEN draw(h, 5600 + n) < 0.012 THEN 'void' ELSE 'negative' END AS result, n + 100 AS n, 1 AS copies
    FROM screening
), every AS (
    SELECT i, specimen_date, result, n, unnest(range(copies)) AS copy FROM found
    UNION ALL SELECT i, specimen_date, result, n, 0 FROM negative
)
SELECT l.nhs_number, CASE WHEN draw(l.h, 5800 + n) >= 0.002 THEN specimen_date + copy::INTEGER % 2 END AS specimen_date, result,
       'LAB-' || upper(substr(hex(mix(l.h, 5900 + n)), 1, 10)) AS lab_reference
FROM every JOIN life AS l USING (i)
WHERE specimen_date BETWEEN l.date_of_birth AND l.seen_until ORDER BY i, specimen_date, result, copy;

CREATE TABLE immunisation AS
WITH covid AS (
    SELECT i, h, unnest([dose_1, dose_2, dose_3]) AS given, unnest([1, 2, 3]) AS n FROM vaccinated
    UNION ALL
    SELECT i, h, make_date(2022 + y::INTEGER, 9, 12) + floor(-22 * ln(positive(draw(h, 6000 + y))))::INTEGER, 4 + y
    FROM vaccinated, range(4) AS years(y)
    WHERE age_2020 + 2 + y >= (CASE y WHEN 0 THEN 50 ELSE 65 END) AND draw(h, 6010 + y) < uptake - 0.12
), influenza AS (
    SELECT i, h, make_date(2018 + y::INTEGER, 9, 10) + floor(-30 * ln(positive(draw(h, 6100 + y))))::INTEGER AS given, y
    FROM life, range(8) AS years(y)
    WHERE draw(h, 6120 + y) < (CASE WHEN age_start + y >= 65 THEN 0.74 WHEN burden > 0 THEN 0.45 WHEN age_start + y BETWEEN 2 AND 11 THEN 0.5
                               ELSE 0.06 END)
), every AS (
    SELECT i, given, 'SARS-2 CORONAVIRUS' AS target_disease, n,
           pick(['COVID-19 mRNA Vaccine Synthetica 30mcg', 'COVID-19 mRNA Vaccine Synthetica 30mcg', 'COVID-19 Vaccine Imaginaria vector'],
                CASE WHEN n > 2 THEN 0.0 ELSE draw(h, 6200) END) AS product_name
    FROM covid WHERE given IS NOT NULL
    UNION ALL
    SELECT i, given, 'INFLUENZA', 20 + y, pick(['Influenza Vaccine Synthetica tetra', 'Influenza Vaccine Imaginaria nasal'],
                                               draw(h, 6300)) FROM influenza
)
SELECT l.nhs_number, CASE WHEN draw(l.h, 6400 + n) >= 0.001 THEN given END AS given_date, target_disease, product_name,
       'B' || (mix(l.h, 6500 + n) % 90000 + 10000)::VARCHAR AS batch_number
FROM every JOIN life AS l USING (i), range(2) AS twice(copy)
WHERE given BETWEEN l.date_of_birth AND l.seen_until AND (copy = 0 OR draw(l.h, 6600 + n) < 0.004)
ORDER BY i, given, target_disease, copy;

CREATE TABLE hospital_admission AS
WITH other AS (
    SELECT i, h, seen_until, greatest(date_of_birth, first_day()) AS from_day,
           unnest(range(floor(-ln(positive(draw(h, 7000))) * attendance
               * (0.10 + 0.00009 * power(greatest(age_2020, 0), 2) + 0.25 * burden))::BIGINT)) AS n
    FROM life
), every AS (
    SELECT i, admitted AS admission_date, admitted + nights AS discharge_date, a_code('covid', draw(h, 7100 + w)) AS primary_diagnosis, w AS n
    FROM covid_admission
    UNION ALL
    SELECT i, between_dates(from_day, seen_until, draw(h, 7200 + n)),
           between_dates(from_day, seen_until, draw(h, 7200 + n)) + floor(-4 * ln(positive(draw(h, 7400 + n))))::INTEGER,
           a_code('cause', draw(h, 7600 + n)), n + 50
    FROM other
)
SELECT l.nhs_number, admission_date,
       -- Still in hospital when the record was cut, or never written down.
       CASE WHEN discharge_date <= last_day() AND draw(l.h, 7800 + n) >= 0.01 THEN least(discharge_date, l.seen_until) END AS discharge_date,
       primary_diagnosis, 'Consultant ' || chr(65 + (n % 26)::INTEGER) || ' Specimen' AS consultant_name
FROM every JOIN life AS l USING (i) WHERE admission_date <= l.seen_until ORDER BY i, admission_date, primary_diagnosis, n;

-- Registrations: one in eight has moved practice, and for one mover in ten the old practice closed its record late, so that two overlap.
-- 9999-12-31 is how this supplier writes "still open"; a few open ones are null instead.
CREATE TABLE registration AS
WITH start AS (
    SELECT l.*, greatest(date_of_birth, DATE '2004-01-01' + floor(draw(h, 8000) * 5000)::INTEGER) AS joined,
           draw(h, 8001) < 0.125 AS moves FROM life AS l
), moved AS (
    SELECT *, CASE WHEN moves AND seen_until > joined + 400
                   THEN between_dates(joined + 200, seen_until, draw(h, 8002)) END AS moved_on
    FROM start
), spell AS (
    SELECT i, nhs_number, h, joined AS start_date, died,
           CASE WHEN moved_on IS NOT NULL THEN moved_on + CASE WHEN draw(h, 8003) < 0.1 THEN 45 ELSE 0 END ELSE died END AS end_date,
           CASE WHEN moved_on IS NOT NULL THEN mix(h, 8004) % (SELECT count(*) FROM practice) ELSE p END::BIGINT AS p, 0 AS n
    FROM moved
    UNION ALL SELECT i, nhs_number, h, moved_on, died, died, p, 1 FROM moved WHERE moved_on IS NOT NULL
)
SELECT nhs_number, practice_code, practice_name, practice_region, start_date,
       CASE WHEN end_date IS NOT NULL THEN end_date WHEN draw(h, 8005) < 0.02 THEN NULL ELSE DATE '9999-12-31' END AS end_date
FROM spell JOIN practice USING (p) ORDER BY i, n;

CREATE TABLE type_1_opt_out AS
SELECT nhs_number, CASE WHEN draw(h, 8101) >= 0.01 THEN between_dates(DATE '2014-01-01', DATE '2025-11-30', draw(h, 8102)) END AS recorded_on
FROM life WHERE draw(h, 8100) < 0.03 + (CASE WHEN age_2020 BETWEEN 25 AND 70 THEN 0.02 ELSE 0 END) ORDER BY i;

-- The national opt-out, about one person in twenty, chosen apart from type 1.
CREATE TABLE national_opt_out AS
SELECT nhs_number, between_dates(DATE '2018-05-25', DATE '2025-11-30', draw(h, 8202)) AS recorded_on
FROM life WHERE draw(h, 8200) < 0.035 + (CASE WHEN age_2020 BETWEEN 25 AND 70 THEN 0.03 ELSE 0 END) ORDER BY i;
