"""Files small enough for a person to have looked at. Refuses larger ones: volume is how rows leave."""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_SUMMARISE = "Summarise further, or offer only the part that the paper needs."


def _look(subject: Subject) -> Iterator[Because]:
    policy, table = subject.policy, subject.table
    if len(subject.offered.content) > policy.max_bytes:
        yield refuse("The file is larger than results need to be.", _SUMMARISE)
    if table is not None and len(table.rows) > policy.max_rows:
        yield refuse("The table has more rows than a table of results may have.", _SUMMARISE)
    if table is not None and len(table.columns) > policy.max_columns:
        yield refuse("The table has more columns than a table of results may have.", _SUMMARISE)


RULE = Rule("file_size", "P11", _look)
