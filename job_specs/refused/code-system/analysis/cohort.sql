SELECT patient_id FROM patients WHERE sex IN {{ codelist('d') }}
