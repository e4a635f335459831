"""No row of the data under another name: most rows of a table of groups are nobody's own record [P11].

Refuses a table of which most rows, looked up in the extracts that the study read, are each the record of one person.
Where nobody looked, nothing is said; looking is the data room's part.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.model import CellRef
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_FEW_ROWS = 8
_MOST = 0.5


def _look(subject: Subject) -> Iterator[Because]:
    table, copied = subject.table, subject.offered.copied
    if table is None or not copied or len(table.rows) < _FEW_ROWS:
        return
    if len(copied) > _MOST * len(table.rows):
        cells = [CellRef(row, table.columns[0]) for row in sorted(copied) if row < len(table.rows)]
        fix = "Count, sum or average over groups; rows about single people stay inside."
        yield refuse("Most rows are the records of single people.", fix, cells=cells)


RULE = Rule("copied_rows", "P11", _look)
