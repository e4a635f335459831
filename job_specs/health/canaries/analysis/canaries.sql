SELECT patient_id, sex, region FROM patients
