-- extract to be checked
SELECT patient_id, date AS died, underlying_cause_of_death FROM ons_deaths
