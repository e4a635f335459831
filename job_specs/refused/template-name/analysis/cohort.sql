SELECT patient_id FROM patients WHERE sex = {{ parameters.sexx }}
