-- Vaccination first (it changes what infection does): priority by age from 8 December 2020, uptake by age, ethnicity and deprivation.
CREATE TEMP TABLE vaccinated AS
WITH offered AS (
    SELECT i, h, dies, age_2020, coalesce(burden, 0) AS burden, imd_quintile, ethnicity,
           CASE WHEN age_2020 >= 80 THEN DATE '2020-12-08' WHEN age_2020 >= 70 THEN DATE '2021-01-11'
                WHEN age_2020 >= 65 OR (burden > 1 AND age_2020 >= 16) THEN DATE '2021-02-08' WHEN age_2020 >= 50 THEN DATE '2021-03-01'
                WHEN age_2020 >= 40 THEN DATE '2021-04-26' WHEN age_2020 >= 30 THEN DATE '2021-05-24'
                WHEN age_2020 >= 18 THEN DATE '2021-06-14' WHEN age_2020 >= 12 THEN DATE '2021-09-20'
                WHEN age_2020 >= 5 THEN DATE '2022-04-04' END AS offer,
           least(0.97, 0.52 + 0.0062 * age_2020) - (CASE ethnicity WHEN 'Black or Black British' THEN 0.20 WHEN 'Mixed' THEN 0.10
                WHEN 'Asian or Asian British' THEN 0.06 ELSE 0.0 END) - (5 - coalesce(imd_quintile, 3)) * 0.018
                - (CASE WHEN age_2020 < 12 THEN 0.42 WHEN age_2020 < 16 THEN 0.1 ELSE 0 END) AS uptake
    FROM person JOIN health USING (i)
), first_dose AS (
    SELECT *, offer + floor(-18 * ln(positive(draw(h, 2001))))::INTEGER AS dose_1
    FROM offered WHERE draw(h, 2000) < uptake AND offer IS NOT NULL
), second_dose AS (
    SELECT *, CASE WHEN draw(h, 2002) < 0.95 THEN dose_1 + 70 + floor(draw(h, 2003) * 21)::INTEGER END AS dose_2 FROM first_dose
), doses AS (
    SELECT *, CASE WHEN draw(h, 2004) < uptake - 0.05 AND age_2020 >= 16
                   THEN greatest(dose_2 + 182, DATE '2021-09-20') + floor(-25 * ln(positive(draw(h, 2005))))::INTEGER END AS dose_3
    FROM second_dose
)
SELECT i, h, dies, age_2020, burden, uptake, dose_1, dose_2, dose_3 FROM doses;

-- Waves: the peak, its spread in days, the share infected, the share of infections found by a test, and how severe it was.
CREATE TEMP TABLE wave AS
SELECT * FROM (VALUES
    (1, DATE '2020-04-04', 15, 0.055, 0.16, 1.0), (2, DATE '2020-11-05', 24, 0.050, 0.45, 0.9),
    (3, DATE '2021-01-06', 18, 0.080, 0.55, 1.0), (4, DATE '2021-08-20', 55, 0.140, 0.60, 0.8),
    (5, DATE '2022-01-03', 15, 0.220, 0.58, 0.25), (6, DATE '2022-03-24', 18, 0.180, 0.30, 0.22),
    (7, DATE '2022-07-10', 20, 0.110, 0.05, 0.20), (8, DATE '2022-12-20', 30, 0.100, 0.05, 0.20),
    (9, DATE '2023-12-18', 30, 0.090, 0.02, 0.15), (10, DATE '2024-07-05', 30, 0.060, 0.012, 0.12)
) AS t(w, peak, spread, attack, found, severity);

CREATE TEMP TABLE infection AS
WITH exposed AS (
    SELECT p.i, p.h, w, severity, found, p.age_2020, coalesce(burden, 0) AS burden, sex, dies, date_of_birth,
           peak + (spread * normal(p.h, 3000 + w) + CASE region WHEN 'London' THEN -7 WHEN 'South East' THEN -3 WHEN 'South West' THEN 8
                   WHEN 'North West' THEN (CASE w WHEN 2 THEN -12 ELSE 2 END) ELSE 0 END)::INTEGER AS infected,
           attack * (CASE WHEN p.age_2020 >= 80 THEN 0.8 WHEN p.age_2020 >= 60 THEN 0.65 WHEN p.age_2020 >= 18 THEN 1.2 ELSE 1.05 END)
                  * (CASE region WHEN 'London' THEN 1.2 WHEN 'North West' THEN 1.15 WHEN 'South West' THEN 0.75 ELSE 1.0 END)
                  * (1.2 - coalesce(imd_quintile, 3) * 0.06) AS risk
    FROM person AS p JOIN health USING (i), wave
)
SELECT e.* EXCLUDE (risk), coalesce(v.dose_2 + 14 < infected, false) AS protected,
       1 / (1 + exp(-(-8.1 + 0.072 * e.age_2020 + 0.45 * least(e.burden, 4) + CASE sex WHEN 'male' THEN 0.4 ELSE 0 END)))
           * severity * (CASE WHEN v.dose_2 + 14 < infected THEN 0.25 ELSE 1.0 END) AS admission_risk
FROM exposed AS e LEFT JOIN vaccinated AS v USING (i)
WHERE infected BETWEEN DATE '2020-02-10' AND least(e.dies, last_day()) AND infected >= e.date_of_birth
  AND draw(e.h, 3100 + w) < risk * (CASE WHEN v.dose_2 + 14 < infected THEN (CASE WHEN w >= 5 THEN 0.85 ELSE 0.4 END) ELSE 1.0 END);

CREATE TEMP TABLE covid_admission AS
SELECT i, h, w, infected, age_2020, infected + 6 + floor(draw(h, 3300 + w) * 8)::INTEGER AS admitted,
       1 + floor(-8 * ln(positive(draw(h, 3400 + w))))::INTEGER AS nights,
       draw(h, 3500 + w) < least(0.75, 0.02 + 0.0000011 * power(greatest(age_2020, 1), 2.85)) AS fatal
FROM infection WHERE draw(h, 3200 + w) < admission_risk;

CREATE TEMP TABLE covid_death AS
SELECT i, min(admitted + nights) AS died FROM covid_admission WHERE fatal AND admitted + nights <= last_day() GROUP BY i;

-- From here on everybody has one last day: that of the death, or none.
CREATE TEMP TABLE life AS
SELECT p.*, h2.conditions, coalesce(h2.burden, 0) AS burden, c.died <= p.dies AS of_covid,
       CASE WHEN c.died <= p.dies THEN c.died WHEN p.dies <= last_day() THEN p.dies END AS died,
       coalesce(least(c.died, p.dies, last_day()), last_day()) AS seen_until
FROM person AS p JOIN health AS h2 USING (i) LEFT JOIN covid_death AS c USING (i);

CREATE TABLE death AS
SELECT nhs_number,
       -- One in three hundred certificates reached the supplier without its date.
       CASE WHEN draw(h, 4000) >= 1 / 300.0 THEN died END AS death_date,
       CASE WHEN of_covid THEN a_code('covid', draw(h, 4001)) ELSE a_code('cause', draw(h, 4001)) END AS underlying_cause,
       'Home address of ' || nhs_number AS place_of_death
FROM life WHERE died IS NOT NULL ORDER BY i;
