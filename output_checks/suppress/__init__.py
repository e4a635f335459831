"""Suppression that holds: what to hide besides the small cells, how to round, and an attacker who tries to undo it."""
