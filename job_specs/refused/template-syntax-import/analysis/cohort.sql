{% import "x" as y %}SELECT patient_id FROM patients
