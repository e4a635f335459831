-- The journal: diagnoses at onset, yearly reviews, measurements, and the long tail of everything else. Rows come out person by
-- person. One hash makes all of an event's draws, from bits of it that do not overlap.
CREATE TEMP MACRO bits(r, low, width) AS ((r >> low) & ((1 << width) - 1))::DOUBLE / (1 << width);
CREATE TEMP MACRO code_of(of_cluster) AS (SELECT codes[1] FROM codes_of WHERE cluster = of_cluster);
SET VARIABLE systolic = code_of('systolic');
SET VARIABLE bmi = code_of('bmi');
SET VARIABLE hba1c = code_of('hba1c');
SET VARIABLE egfr = code_of('egfr');
SET VARIABLE prefix_trap = code_of('prefix_trap');
SET VARIABLE covid_suspected = code_of('covid_suspected');
SET VARIABLE smoking = [code_of('smoker'), code_of('ex_smoker'), code_of('never_smoked')];
SET VARIABLE other = (SELECT codes FROM codes_of WHERE cluster = 'other');
SET VARIABLE med_other = (SELECT codes FROM codes_of WHERE cluster = 'med_other');

CREATE TABLE coded_event AS
WITH diagnosis AS (
    SELECT l.i, nhs_number, died, seen_until, ill.since AS event_date, pick(c.codes, draw(l.h, 10000 + k)) AS snomed_code,
           NULL::DOUBLE AS value, mix(l.h, 10100 + k) AS r
    FROM ill JOIN life AS l USING (i) JOIN codes_of AS c ON c.cluster = ill.cluster
), review AS (
    SELECT l.i, nhs_number, died, seen_until,
           greatest(since, first_day()) + (365 * y + 30 + draw(l.h, 11000 + k * 20 + y) * 300)::INTEGER,
           c.codes[1], NULL::DOUBLE, mix(l.h, 11800 + k * 20 + y)
    FROM ill JOIN life AS l USING (i) JOIN codes_of AS c ON c.cluster = ill.cluster || '_review', range(8) AS years(y)
    WHERE draw(l.h, 11500 + k * 20 + y) < 0.72
), visitor AS (
    SELECT i, nhs_number, died, seen_until, greatest(date_of_birth, first_day()) AS from_day,
           greatest(date_diff('day', greatest(date_of_birth, first_day()), seen_until), 0) AS days,
           mix(h, 12001) AS salt, greatest(age_2020, 0) AS age, (conditions & 2) > 0 AS diabetic,
           getvariable('smoking')[CASE WHEN draw(h, 100) < 0.14 THEN 1 WHEN draw(h, 100) < 0.45 THEN 2 ELSE 3 END] AS smoking_code,
           least(floor(-ln(positive(draw(h, 12000))) * attendance * getvariable('events_per_patient') * 0.83
               * (0.35 + 0.011 * greatest(age_2020, 0) + 0.25 * burden)), 5000)::BIGINT AS visits
    FROM life
), visit AS (
    SELECT * EXCLUDE (visits), unnest(range(visits)) AS n FROM visitor
), drawn AS (
    SELECT *, hash(xor(salt, n::UBIGINT)) AS r FROM visit
), spread AS (
    SELECT *, bits(r, 0, 16) AS u, bits(r, 16, 20) AS what, bits(r, 36, 16) AS which, bits(r, 52, 12) AS level FROM drawn
), coded AS (
    SELECT i, nhs_number, died, seen_until, from_day + floor(u * days)::INTEGER AS event_date,
           CASE WHEN what < 0.13 AND age > 18 THEN getvariable('systolic')
                WHEN what < 0.20 AND age > 12 THEN getvariable('bmi')
                WHEN what < 0.25 AND diabetic THEN getvariable('hba1c')
                WHEN what < 0.28 AND age > 50 THEN getvariable('egfr')
                WHEN what < 0.33 AND age > 16 THEN smoking_code
                WHEN what BETWEEN 0.33 AND 0.334 THEN getvariable('prefix_trap')
                WHEN what BETWEEN 0.334 AND 0.345 AND from_day + floor(u * days)::INTEGER BETWEEN DATE '2020-03-01' AND DATE '2020-06-30'
                    THEN getvariable('covid_suspected')
                ELSE getvariable('other')[1 + floor(which * which * len(getvariable('other')))::INTEGER] END AS snomed_code,
           CASE WHEN level < 0.02 THEN NULL
                WHEN what < 0.13 AND age > 18 THEN round(112 + 0.28 * age + 26 * (level - 0.5))
                WHEN what < 0.20 AND age > 12 THEN round(20 + 14 * level * sqrt(level), 1)
                WHEN what < 0.25 AND diabetic THEN round(42 + 45 * level * level)
                WHEN what < 0.28 AND age > 50 THEN round(greatest(115 - 0.75 * age + 30 * (level - 0.5), 8)) END::DOUBLE AS value, r
    FROM spread
), every AS (
    SELECT *, hash(r) AS odd FROM (SELECT * FROM diagnosis UNION ALL SELECT * FROM review UNION ALL SELECT * FROM coded)
    WHERE event_date <= seen_until
)
-- As entered: a few have no date, a few carry the supplier's two ways of saying so, and letters still arrive after a death.
SELECT nhs_number,
       CASE WHEN bits(odd, 0, 16) < 0.0015 THEN NULL WHEN bits(odd, 0, 16) < 0.0020 THEN DATE '1900-01-01'
            WHEN bits(odd, 0, 16) < 0.0022 THEN DATE '9999-12-31'
            WHEN died IS NOT NULL AND bits(odd, 0, 16) > 0.995 THEN died + 9 ELSE event_date END AS event_date,
       snomed_code, value,
       CASE WHEN bits(odd, 16, 12) < 0.03 THEN 'Spoke with patient, NHS no ' || nhs_number || '; advised to rest.' END AS note
FROM every;

-- One entry in two hundred was made twice.
INSERT INTO coded_event
SELECT * FROM coded_event WHERE hash(nhs_number || snomed_code || coalesce(event_date, DATE '2000-01-01')::VARCHAR) % 200 = 0;

CREATE TABLE prescription AS
WITH course AS (
    SELECT nhs_number, mix(l.h, 110300 + k) AS salt, greatest(since, first_day()) + floor(draw(l.h, 110000 + k) * 60)::INTEGER AS from_day,
           seen_until, pick(c.codes, draw(l.h, 110300 + k)) AS dmd_code, CASE WHEN draw(l.h, 110100 + k) < 0.6 THEN 56 ELSE 28 END AS every_days
    FROM ill JOIN life AS l USING (i) JOIN codes_of AS c ON c.cluster = 'med_' || ill.cluster
    WHERE draw(l.h, 110200 + k) < 0.7
), repeat_issue AS (
    SELECT nhs_number, salt, from_day, every_days, dmd_code,
           unnest(range(greatest(date_diff('day', from_day, seen_until), 0) // every_days)) AS n
    FROM course
), taken AS (
    SELECT nhs_number, mix(h, 119998) AS salt, greatest(date_of_birth, first_day()) AS from_day, seen_until,
           unnest(range(floor(-ln(positive(draw(h, 119999))) * attendance * 3)::BIGINT)) AS n
    FROM life
), acute AS (
    SELECT *, hash(xor(salt, n::UBIGINT)) AS r FROM taken
)
SELECT nhs_number, from_day + (every_days * n)::INTEGER AS issue_date, dmd_code, 'Take as directed' AS instructions
FROM repeat_issue WHERE bits(hash(xor(salt, n::UBIGINT)), 0, 12) < 0.92
UNION ALL
SELECT nhs_number, between_dates(from_day, seen_until, bits(r, 0, 16)),
       getvariable('med_other')[1 + floor(bits(r, 16, 16) * sqrt(bits(r, 16, 16)) * len(getvariable('med_other')))::INTEGER], 'Take as directed'
FROM acute;

CREATE TABLE supply AS
SELECT 'synthetic' AS supplier, last_day() AS extracted_on, getvariable('opt_outs_as_of')::DATE AS opt_outs_as_of,
       getvariable('opt_outs_as_of')::DATE AS national_opt_outs_as_of;
