-- What the other supplier sends: other names, a rank of deprivation and a rural or urban class, no ethnicity beside the journal,
-- no region of the practice, and no feeds of hospitals or laboratories.
CREATE TABLE patient AS
SELECT nhs_number AS nhs_no, title, forename AS given_name, surname AS family_name, date_of_birth AS birth_date, sex AS gender,
       address_line AS address, town, postcode, telephone, email, nhs_region,
       CASE WHEN imd_quintile IS NOT NULL THEN (100 * round((imd_quintile - draw(hash(rowid), 9001)) * 65.688))::INTEGER END AS imd_rank,
       pick([1, 1, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7, 8], draw(hash(rowid), 9002)) AS rural_urban
FROM person_record ORDER BY rowid;
DROP TABLE person_record;
CREATE TABLE registration_episode AS
SELECT nhs_number AS nhs_no, practice_code AS organisation_code, practice_name AS organisation_name,
       start_date AS registered_on, end_date AS deducted_on
FROM registration ORDER BY rowid;
DROP TABLE registration;
DROP TABLE covid_test;
DROP TABLE hospital_admission;
ALTER TABLE coded_event RENAME TO observation;
ALTER TABLE observation RENAME COLUMN nhs_number TO nhs_no;
ALTER TABLE observation RENAME COLUMN event_date TO effective_date;
ALTER TABLE observation RENAME COLUMN snomed_code TO snomed_concept_id;
ALTER TABLE observation RENAME COLUMN value TO numeric_value;
ALTER TABLE observation RENAME COLUMN note TO free_text;
ALTER TABLE prescription RENAME TO drug_issue;
ALTER TABLE drug_issue RENAME COLUMN nhs_number TO nhs_no;
ALTER TABLE drug_issue RENAME COLUMN issue_date TO issued_on;
ALTER TABLE drug_issue RENAME COLUMN dmd_code TO dmd_product_id;
ALTER TABLE immunisation RENAME COLUMN nhs_number TO nhs_no;
ALTER TABLE immunisation RENAME COLUMN given_date TO effective_date;
ALTER TABLE death RENAME TO death_record;
ALTER TABLE death_record RENAME COLUMN nhs_number TO nhs_no;
ALTER TABLE type_1_opt_out RENAME COLUMN nhs_number TO nhs_no;
ALTER TABLE national_opt_out RENAME COLUMN nhs_number TO nhs_no;
