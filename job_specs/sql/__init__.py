"""Researcher SQL: the guard (what may be said), lineage (where a column comes from), units (how many people a cell holds).

Text in, verdict out: no data is near. It refuses whatever it does not fully understand.
"""
