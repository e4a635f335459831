-- People. NHS numbers come from 999, the range reserved for tests, with valid check digits; beyond the roughly 909,000 numbers it
-- holds they continue in 998 and below, which is never issued either. The order is an affine shuffle of the range.
CREATE TEMP TABLE nhs AS
WITH slot AS (
    SELECT range AS n, 999 - (range // 1000000) AS block,
           (range % 1000000 * 7919 + getvariable('seed') * 104729) % 1000000 AS tail
    FROM range(getvariable('patients') * 12 // 10 + 1000)
), number AS (
    SELECT n, block * 1000000 + tail AS nine FROM slot
), checked AS (
    SELECT n, nine, 11 - (
        (nine // 100000000 % 10) * 10 + (nine // 10000000 % 10) * 9 + (nine // 1000000 % 10) * 8
        + (nine // 100000 % 10) * 7 + (nine // 10000 % 10) * 6 + (nine // 1000 % 10) * 5
        + (nine // 100 % 10) * 4 + (nine // 10 % 10) * 3 + (nine % 10) * 2) % 11 AS rest
    FROM number
)
SELECT row_number() OVER (ORDER BY n) - 1 AS i, nine::VARCHAR || (rest % 11)::VARCHAR AS nhs_number
FROM checked WHERE rest <> 10 ORDER BY n LIMIT getvariable('patients');

CREATE TEMP TABLE practice AS
SELECT range AS p, 'P' || lpad((80000 + range)::VARCHAR, 5, '0') AS practice_code,
       'Synthetic Surgery ' || (range + 1) AS practice_name,
       pick(['North East', 'North West', 'North West', 'Yorkshire and The Humber', 'East Midlands', 'West Midlands', 'East',
             'East', 'London', 'London', 'South East', 'South East', 'South West'],
            (range % 13) / 13.0) AS practice_region
FROM range(26 + getvariable('patients') // 4000);

-- The English pyramid in one formula: flat to about 60, then thinning to nothing at about 100.
CREATE TEMP TABLE person AS
WITH base AS (
    SELECT i, nhs_number, hash(i) AS h, draw(hash(i), 1) AS u_age,
           floor(draw(hash(i), 2) * (26 + getvariable('patients') // 4000))::BIGINT AS p
    FROM nhs
), aged AS (
    SELECT i, nhs_number, h, p,
           CASE WHEN u_age < 0.74 THEN u_age / 0.74 * 64 - 4
                ELSE 60 + 40 * (1 - sqrt((1 - u_age) / 0.26)) END AS age_2020
    FROM base
), placed AS (
    SELECT a.* EXCLUDE (age_2020), practice_region,
           least(DATE '2020-01-01' - floor(age_2020 * 365.25)::INTEGER, last_day()) AS date_of_birth,
           CASE practice_region
                WHEN 'North East' THEN 'North East and Yorkshire' WHEN 'Yorkshire and The Humber' THEN 'North East and Yorkshire'
                WHEN 'East Midlands' THEN 'Midlands' WHEN 'West Midlands' THEN 'Midlands'
                WHEN 'East' THEN 'East of England' ELSE practice_region END AS region,
           draw(h, 3) AS u_sex, draw(h, 4) AS u_ethnic, draw(h, 5) AS u_imd
    FROM aged AS a JOIN practice USING (p)
), lived AS (
    SELECT *,
           CASE WHEN u_sex < 0.503 THEN 'female' WHEN u_sex < 0.999 THEN 'male' WHEN u_sex < 0.9993 THEN 'intersex' ELSE 'unknown' END AS sex,
           CASE WHEN draw(h, 6) < 0.06 THEN NULL
                WHEN u_ethnic < (CASE region WHEN 'London' THEN 0.54 WHEN 'Midlands' THEN 0.81 ELSE 0.90 END) THEN 'White'
                ELSE pick(['Asian or Asian British', 'Asian or Asian British', 'Black or Black British', 'Mixed',
                           'Chinese or Other'], draw(h, 7)) END AS ethnicity,
           CASE WHEN draw(h, 8) < 0.02 THEN NULL
                ELSE least(1 + floor(5 * power(u_imd, CASE region WHEN 'South East' THEN 0.8 WHEN 'North West' THEN 1.3 ELSE 1.0 END)), 5)
           END::INTEGER AS imd_quintile,
           date_diff('day', date_of_birth, first_day()) / 365.25 AS age_start
    FROM placed
), mortal AS (
    -- Gompertz mortality from the first day: hazard A exp(B age), times 1.3 for men and up to 1.4 with deprivation.
    SELECT *, 3.2e-5 * (CASE sex WHEN 'male' THEN 1.3 ELSE 1.0 END) * (1.5 - coalesce(imd_quintile, 3) * 0.1)
                  * exp(0.094 * greatest(age_start, 0)) AS hazard
    FROM lived
)
SELECT i, h, nhs_number, p, region, practice_region, date_of_birth, sex, ethnicity, imd_quintile, age_start,
       date_diff('day', date_of_birth, DATE '2020-12-01') / 365.25 AS age_2020,
       greatest(first_day(), date_of_birth)
           + least(floor(365.25 * ln(1 - 0.094 * ln(positive(draw(h, 9))) / hazard) / 0.094), 60000)::INTEGER AS dies,
       exp(0.7 * normal(h, 10)) AS attendance
FROM mortal;

CREATE TEMP MACRO named(h, k, list) AS pick(list, draw(h, k));
CREATE TABLE person_record AS
SELECT nhs_number, CASE sex WHEN 'female' THEN pick(['Ms', 'Mrs', 'Dr'], draw(h, 20)) ELSE pick(['Mr', 'Dr', 'Mx'], draw(h, 20)) END AS title,
       CASE sex WHEN 'female'
            THEN named(h, 21, ['Abigale', 'Beatrix', 'Clementina', 'Dorothea', 'Ermintrude', 'Felicity', 'Gwendolen', 'Henrietta', 'Isolde', 'Jocasta'])
            ELSE named(h, 21, ['Algernon', 'Barnaby', 'Cuthbert', 'Dunstan', 'Ethelred', 'Fitzroy', 'Godfrey', 'Horatio', 'Ignatius', 'Jolyon']) END AS forename,
       named(h, 22, ['Ashgrove', 'Bramblewick', 'Cholmondeley', 'Dunwoody', 'Featherstonehaugh', 'Gathercole', 'Hollingsworth',
                     'Inglethorpe', 'Jellicoe', 'Kettlewell', 'Longbottom', 'Mainwaring']) || '-'
           || named(h, 23, ['Ott', 'Penhaligon', 'Quill', 'Rackstraw', 'Snodgrass', 'Thistlethwaite', 'Urquhart', 'Vavasour', 'Wigglesworth', 'Yaxley']) AS surname,
       date_of_birth, sex, ethnicity AS ethnic_group,
       (1 + floor(draw(h, 24) * 240))::INTEGER || ' ' || named(h, 25, ['Sample Street', 'Placeholder Row', 'Specimen Lane', 'Fixture Mews', 'Example Avenue']) AS address_line,
       named(h, 26, ['Testborough', 'Mockingham', 'Dummyford', 'Stubbington-in-Test']) AS town,
       -- ZZ is not a postal area.
       'ZZ' || (1 + floor(draw(h, 27) * 98))::INTEGER || ' ' || floor(draw(h, 28) * 10)::INTEGER
           || chr(65 + floor(draw(h, 29) * 26)::INTEGER) || chr(65 + floor(draw(h, 30) * 26)::INTEGER) AS postcode,
       -- 07700 900000 to 900999 is kept by the regulator for fiction.
       '07700 900' || lpad(floor(draw(h, 31) * 1000)::INTEGER::VARCHAR, 3, '0') AS telephone,
       'patient' || i || '@mail.example.org' AS email,
       region AS nhs_region, imd_quintile
FROM person ORDER BY i;
