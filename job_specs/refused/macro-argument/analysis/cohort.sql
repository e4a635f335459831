SELECT patient_id, {{ age_at("date_of_birth) FROM patients --", parameters.day) }} FROM patients
