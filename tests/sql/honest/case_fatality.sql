-- proved
WITH cases AS (SELECT patient_id, min(specimen_date) AS tested FROM covid_tests WHERE result = 'positive' GROUP BY 1),
     deaths AS (SELECT patient_id, min(date) AS died FROM ons_deaths GROUP BY 1)
SELECT p.sex, count(*) AS cases, count_if(d.died <= c.tested + INTERVAL 28 DAY) AS deaths_28d
FROM cases c
JOIN patients p ON p.patient_id = c.patient_id
LEFT JOIN deaths d ON d.patient_id = c.patient_id
GROUP BY p.sex
