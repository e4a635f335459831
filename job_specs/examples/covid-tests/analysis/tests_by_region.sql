-- People with a positive test, and positive tests, between two dates.
WITH people AS (
    SELECT
        patient_id,
        region,
        sex,
        imd_quintile,
        {{ age_band(age_at("date_of_birth", parameters.start_date), parameters.age_bands) }} AS age_band
    FROM patients
)
SELECT
    people.region,
    people.sex,
    people.age_band,
    people.imd_quintile,
    count(DISTINCT people.patient_id) AS people,
    count(*) AS positive_tests
FROM people
INNER JOIN covid_tests ON covid_tests.patient_id = people.patient_id
WHERE covid_tests.result = 'positive'
    AND covid_tests.specimen_date >= {{ parameters.start_date }}
    AND covid_tests.specimen_date < {{ parameters.end_date }}
GROUP BY people.region, people.sex, people.age_band, people.imd_quintile
ORDER BY people.region, people.sex, people.age_band, people.imd_quintile
