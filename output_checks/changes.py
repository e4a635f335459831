"""What the twin changes, cell by cell and why; and what an author could do to lose less.

Refuses to say a value, or a label of the data: cells are rows and columns, and a group to be merged is known by its column
alone [P1]. What is suggested here was tried on the table; the author decides.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from output_checks.declare import PEOPLE
from output_checks.left_out import NAME as LEFT_OUT
from output_checks.model import CellRef, Finding, Remedy, Severity, Table
from output_checks.structure import total_labels
from output_checks.subject import Subject
from output_checks.suppress.complement import Pattern

_TRIED = 5_000
_PROMISE = "P10"


@dataclass(frozen=True)
class Change:
    """One cell that is not as it was offered: what became of it, and why, in the words of the rule that asked for it."""

    cell: CellRef
    what: str
    why: str


def changes(offered: Table, twin: Table, findings: Iterable[Finding]) -> tuple[Change, ...]:
    """Every cell of a twin that differs from what was offered, in the order of the file.

    Raises:
        ValueError: the twin is not one of that table.
    """
    findings = tuple(findings)
    gone = {cell.row for each in findings if each.check == LEFT_OUT for cell in each.cells}
    kept = [row for row in range(len(offered.rows)) if row not in gone]
    kept = kept if len(kept) == len(twin.rows) else list(range(len(offered.rows)))
    if len(kept) != len(twin.rows) or offered.columns != twin.columns:
        raise ValueError("a twin has the rows of its table, but for those left out")
    now = dict(zip(kept, range(len(kept)), strict=True))
    hidden: dict[CellRef, str] = {}
    for finding in findings:
        if finding.remedy is Remedy.HIDE:
            for cell in finding.cells:
                hidden.setdefault(cell, finding.message)
    found = (
        _change(CellRef(row, name), hidden, left_out=row not in now)
        for row in range(len(offered.rows))
        for name in offered.columns
        if row not in now or offered.at(CellRef(row, name)) != twin.at(CellRef(now[row], name))
    )
    return tuple(found)


def _change(cell: CellRef, hidden: dict[CellRef, str], *, left_out: bool) -> Change:
    if left_out:
        return Change(
            cell, "left out", "Nothing may be shown of this row, and that it is there would tell of somebody."
        )
    if cell in hidden:
        return Change(cell, "hidden", hidden[cell])
    return Change(
        cell, "rounded", "Counts are rounded; totals, rates and ratios are computed from rounded counts."
    )


def written(found: Sequence[Change]) -> str:
    """The changes as CSV; rows as a spreadsheet counts them, the header being row 1."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("row", "column", "what", "why"))
    lines.writerows((each.cell.row + 2, each.cell.column, each.what, each.why) for each in found)
    return out.getvalue()


def alternatives(subject: Subject, hidden: frozenset[CellRef], pattern: Pattern) -> tuple[Finding, ...]:
    """What would hide less: leaving totals out, or merging two neighbouring groups of a dimension."""
    beside = {cell for place in pattern.hidden for cell in subject.system.quantities[place].cells} - hidden
    ideas = [*_without_totals(beside), *_merged(subject)]
    return tuple(_idea(subject, message, fix, column) for message, fix, column in ideas)


Idea = tuple[str, str, str | None]


def _without_totals(beside: set[CellRef]) -> Iterator[Idea]:
    if beside:
        message = "Without its totals, this table would hide only what is small itself."
        yield message, "Leave the totals out, if nobody needs them.", None


def _merged(subject: Subject) -> Iterator[Idea]:
    table, counts = subject.table, [each.name for each in subject.with_role(*PEOPLE)]
    if table is None or not counts or len(table.rows) * len(counts) > _TRIED:
        return
    totals = total_labels(subject, counts)
    now = _small(subject, counts, None)
    for dimension in subject.dimensions if now else ():
        labels = [label for label in dict.fromkeys(table.column(dimension)) if label != totals.get(dimension)]
        left = min((_small(subject, counts, (dimension, *pair)) for pair in pairwise(labels)), default=now)
        if len(labels) > 2 and 2 * left <= now:  # noqa: PLR2004 - two groups that are merged are no division
            how = "no" if not left else "at most half as many"
            message = (
                f"With two neighbouring groups of {dimension} merged, there would be {how} small numbers."
            )
            yield message, f"Try wider groups of {dimension}.", dimension


def _small(subject: Subject, counts: Sequence[str], merged: tuple[str, str, str] | None) -> int:
    """How many small numbers there would be."""
    table = subject.table
    if table is None:
        return 0
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for row in range(len(table.rows)):
        key = tuple(_label(table, row, name, merged) for name in subject.dimensions)
        for name in counts:
            sums[*key, name] += subject.number(CellRef(row, name)) or 0
    return sum(subject.policy.is_small(number) for number in sums.values())


def _label(table: Table, row: int, name: str, merged: tuple[str, str, str] | None) -> str:
    own = table.at(CellRef(row, name))
    return merged[1] if merged is not None and name == merged[0] and own == merged[2] else own


def _idea(subject: Subject, message: str, fix: str, column: str | None) -> Finding:
    return Finding(
        check="alternatives",
        severity=Severity.NOTE,
        confidence=subject.confidence,
        file=subject.path,
        message=message,
        fix=fix,
        promise=_PROMISE,
        column=column,
    )
