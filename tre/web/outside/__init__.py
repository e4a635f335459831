"""The face for researchers, approvers and the public. Refuses to know how a quarantined byte is read: it cannot import what does."""
