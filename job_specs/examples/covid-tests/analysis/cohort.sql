-- Everyone with a positive test between two dates, and whether they were admitted with COVID-19 in that time.
SELECT
    patients.patient_id,
    patients.sex,
    patients.region,
    {{ age_band(age_at("patients.date_of_birth", parameters.start_date), parameters.age_bands) }} AS age_band,
    positives.tests AS positive_tests,
    CASE WHEN stays.admissions > 0 THEN 'yes' ELSE 'no' END AS admitted
FROM patients
INNER JOIN (
    SELECT patient_id, count(*) AS tests
    FROM covid_tests
    WHERE result = 'positive'
        AND specimen_date >= {{ parameters.start_date }}
        AND specimen_date < {{ parameters.end_date }}
    GROUP BY patient_id
) AS positives ON positives.patient_id = patients.patient_id
LEFT JOIN (
    SELECT patient_id, count(*) AS admissions
    FROM admissions
    WHERE primary_diagnosis IN {{ codelist("covid_diagnosis") }}
        AND admission_date >= {{ parameters.start_date }}
        AND admission_date < {{ parameters.end_date }}
    GROUP BY patient_id
) AS stays ON stays.patient_id = patients.patient_id
