"""No person by comparing this table with what was released before [P10].

Hides the rows that the ledger names: those with which some sum or difference of released numbers would be about too few
people. A table that the platform could not compare is left to a person: nothing was held against it, and nothing that
leaves later will be. Where nobody was to compare, nothing is said. Comparing is the data room's part.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.consistent import hidden_before
from output_checks.model import CellRef
from output_checks.numerals import is_hidden
from output_checks.rule import Because, Rule, hide, review
from output_checks.subject import Subject

_FIX = "Take the twin, or group as the earlier release did."
_HIDDEN = "A number that was hidden when it left before stays hidden."
_UNLISTED = "Nobody listed the people behind this table's rows: it is compared with no earlier release, and no later one with it."
_BY_EYE = "Compare it by eye; the platform compares SQL aggregates, and tables that declare their extract."


def _look(subject: Subject) -> Iterator[Because]:
    table, evidence = subject.table, subject.evidence
    if table is not None and subject.offered.compared is False:
        yield review(_UNLISTED, _BY_EYE)
    hidden = hidden_before(subject)
    for name in subject.statistics if hidden else ():
        again = sorted(cell for cell in hidden if cell.column == name)
        if again:
            yield hide(_HIDDEN, _FIX, column=name, cells=again)
    if table is None or evidence is None:
        return
    for name in subject.statistics:
        rows = (CellRef(row, name) for row in sorted(evidence.withheld))
        cells = [cell for cell in rows if not is_hidden(table.at(cell))]
        if cells:
            before = ", ".join(evidence.earlier) or "what was released before"
            reason = f"Compared with {before}, a row would single people out, or says what can be computed already."
            yield hide(reason, _FIX, column=name, cells=cells)


RULE = Rule("differencing", "P10", _look)
