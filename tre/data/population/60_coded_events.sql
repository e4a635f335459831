-- The journal: diagnoses at onset, yearly reviews, measurements, and the long tail of everything else. Rows come out person by person.
CREATE TABLE coded_event AS
WITH diagnosis AS (
    SELECT l.i, ill.since AS event_date, pick(c.codes, draw(l.h, 10000 + k)) AS snomed_code, NULL::DOUBLE AS value, k AS n
    FROM ill JOIN life AS l USING (i) JOIN codes_of AS c ON c.cluster = ill.cluster
), review AS (
    SELECT l.i, greatest(since, first_day()) + (365 * y + 30 + draw(l.h, 11000 + k * 20 + y) * 300)::INTEGER,
           pick(c.codes, 0.0), NULL::DOUBLE, 100 + k
    FROM ill JOIN life AS l USING (i) JOIN codes_of AS c ON c.cluster = ill.cluster || '_review', range(8) AS years(y)
    WHERE draw(l.h, 11500 + k * 20 + y) < 0.72
), visit AS (
    SELECT i, h, age_2020, burden, conditions, seen_until, greatest(date_of_birth, first_day()) AS from_day,
           unnest(range(least(floor(-ln(positive(draw(h, 12000))) * attendance * getvariable('events_per_patient') * 0.55
               * (0.35 + 0.011 * greatest(age_2020, 0) + 0.25 * burden)), 3000)::BIGINT)) AS n
    FROM life
), drawn AS (
    SELECT i, h, n, age_2020, conditions, between_dates(from_day, seen_until, draw(h, 20000 + n)) AS event_date,
           draw(h, 40000 + n) AS what, draw(h, 60000 + n) AS which, draw(h, 80000 + n) AS level
    FROM visit
), coded AS (
    SELECT i, event_date,
           CASE WHEN what < 0.13 AND age_2020 > 18 THEN (SELECT codes[1] FROM codes_of WHERE cluster = 'systolic')
                WHEN what < 0.20 AND age_2020 > 12 THEN (SELECT codes[1] FROM codes_of WHERE cluster = 'bmi')
                WHEN what < 0.25 AND (conditions & 2) > 0 THEN (SELECT codes[1] FROM codes_of WHERE cluster = 'hba1c')
                WHEN what < 0.28 AND age_2020 > 50 THEN (SELECT codes[1] FROM codes_of WHERE cluster = 'egfr')
                WHEN what < 0.33 AND age_2020 > 16
                    THEN a_code(CASE WHEN draw(h, 100) < 0.14 THEN 'smoker' WHEN draw(h, 100) < 0.45 THEN 'ex_smoker' ELSE 'never_smoked' END, 0.0)
                WHEN what BETWEEN 0.33 AND 0.334 THEN a_code('prefix_trap', 0.0)
                WHEN what BETWEEN 0.334 AND 0.345 AND event_date BETWEEN DATE '2020-03-01' AND DATE '2020-06-30' THEN a_code('covid_suspected', 0.0)
                ELSE a_code('other', power(which, 2.2)) END AS snomed_code,
           CASE WHEN level < 0.02 THEN NULL
                WHEN what < 0.13 AND age_2020 > 18 THEN round(112 + 0.28 * age_2020 + 26 * (level - 0.5))
                WHEN what < 0.20 AND age_2020 > 12 THEN round(20 + 14 * power(level, 1.4), 1)
                WHEN what < 0.25 AND (conditions & 2) > 0 THEN round(42 + 45 * power(level, 2))
                WHEN what < 0.28 AND age_2020 > 50 THEN round(greatest(115 - 0.75 * age_2020 + 30 * (level - 0.5), 8)) END::DOUBLE AS value,
           1000 + n AS n
    FROM drawn
), every AS (
    SELECT * FROM diagnosis UNION ALL SELECT * FROM review UNION ALL SELECT * FROM coded
)
-- As entered: a few have no date, a few carry the supplier's two ways of saying so, one in two hundred was entered twice, and letters
-- still arrive after a death.
SELECT l.nhs_number,
       CASE WHEN draw(l.h, 90000 + n) < 0.0015 THEN NULL WHEN draw(l.h, 90000 + n) < 0.0020 THEN DATE '1900-01-01'
            WHEN draw(l.h, 90000 + n) < 0.0022 THEN DATE '9999-12-31'
            WHEN l.died IS NOT NULL AND draw(l.h, 90000 + n) > 0.995 THEN l.died + 9 ELSE event_date END AS event_date,
       snomed_code, value,
       CASE WHEN draw(l.h, 95000 + n) < 0.03
            THEN 'Spoke with patient, NHS no ' || l.nhs_number || ', born ' || l.date_of_birth || '; advised to rest.' END AS note
FROM every JOIN life AS l USING (i), range(2) AS twice(copy)
WHERE event_date <= l.seen_until AND (copy = 0 OR draw(l.h, 97000 + n) < 0.005);

CREATE TABLE prescription AS
WITH course AS (
    SELECT l.i, l.h, k, greatest(since, first_day()) + floor(draw(l.h, 110000 + k) * 60)::INTEGER AS from_day, l.seen_until, c.codes,
           CASE WHEN draw(l.h, 110100 + k) < 0.6 THEN 56 ELSE 28 END AS every_days
    FROM ill JOIN life AS l USING (i) JOIN codes_of AS c ON c.cluster = 'med_' || ill.cluster
    WHERE draw(l.h, 110200 + k) < 0.7
), repeat_issue AS (
    SELECT i, h, k, from_day + (every_days * unnest(range(greatest(date_diff('day', from_day, seen_until), 0) // every_days)))::INTEGER AS issued, codes
    FROM course
), acute AS (
    SELECT i, h, between_dates(from_day, seen_until, draw(h, 120000 + n)) AS issued, n
    FROM (SELECT i, h, seen_until, greatest(date_of_birth, first_day()) AS from_day,
                 unnest(range(floor(-ln(positive(draw(h, 119999))) * attendance * 3)::BIGINT)) AS n FROM life)
), every AS (
    SELECT i, issued, pick(codes, draw(h, 110300 + k)) AS dmd_code FROM repeat_issue WHERE draw(h, 130000 + k * 4000 + (issued - first_day())) < 0.92
    UNION ALL SELECT i, issued, a_code('med_other', power(draw(h, 125000 + n), 1.5)) FROM acute
)
SELECT l.nhs_number, issued AS issue_date, dmd_code, 'Take as directed' AS instructions
FROM every JOIN life AS l USING (i);

CREATE TABLE supply AS
SELECT 'synthetic' AS supplier, last_day() AS extracted_on, getvariable('opt_outs_as_of')::DATE AS opt_outs_as_of;
