-- not proved
SELECT sex, count(*) AS n FROM patients WHERE date_of_birth < (SELECT min(date) FROM clinical_events) GROUP BY sex
