"""Fuzzing of what strangers write; run by hand and by the clock, not by the tests."""
