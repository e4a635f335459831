"""Tables of one population are judged together [P10].

Refuses a linked table whose other tables are not offered with it: what one of them hides, the margins of another give
away. Leaves it to a person to see that the list is whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_LEAST = 2


def _look(subject: Subject) -> Iterator[Because]:
    declaration = subject.declaration
    if declaration is None or declaration.kind != "linked_table":
        return
    said = declaration.extra.get("tables")
    tables = [str(each) for each in said] if isinstance(said, list | tuple) else []
    if len(set(tables)) < _LEAST:
        yield refuse("A linked table names fewer than two tables.", "List every table of the population.")
        return
    beside = subject.offered.beside
    if beside is not None and set(tables) - beside:
        fix = "Offer every table in `tables` in the same request."
        yield refuse("Tables that this one is linked with are not offered.", fix)
    else:
        reason = "Whether these are all the tables of the population is not shown."
        yield review(reason, "Say in the context which other tables were released.")


RULE = Rule("linked_tables", "P10", _look)
