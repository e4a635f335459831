"""No person by comparing this table with what was released before [P10].

Hides the rows that the ledger names: those with which some sum or difference of released numbers would be about too few
people. Where nobody has compared, nothing is said; comparing is the data room's part.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.model import CellRef
from output_checks.numerals import is_hidden
from output_checks.rule import Because, Rule, hide
from output_checks.subject import Subject

_FIX = "Take the twin, or group as the earlier release did."


def _look(subject: Subject) -> Iterator[Because]:
    table, evidence = subject.table, subject.evidence
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
