"""The pure core: who may take which step with which bytes, and what happened because of it.

No clock, no randomness, no input or output, and nothing imported from the rooms below: time, people and the outside
world come in as plain data. ``decide`` says which events a command causes, or refuses; ``evolve`` folds events into a
case and never refuses, because history already happened.
"""
