"""The command line: one face for all four people. What a person's command may print is decided in ``views`` [P1]."""
