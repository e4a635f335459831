"""The suppressed twin: the offered table written again, with what must go gone and the rest rounded so that it adds up.

Refuses to produce one that its own attacker can undo. Nothing of the original bytes is kept: every cell is written from
what it was read as.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from output_checks.declare import COUNTED, DERIVED, LABELS, PEOPLE, Column, Role
from output_checks.model import CellRef, Finding, Remedy, Severity, Table
from output_checks.numerals import decimal, is_hidden, plain
from output_checks.quotients import factor_of
from output_checks.read import kind_of
from output_checks.subject import Subject
from output_checks.suppress.complement import Pattern

_CODE = re.compile(r"\+|0[0-9]")
_NAME = "complementary"
_MERGE = "Take the twin, or merge groups so that fewer numbers are small."


@dataclass(frozen=True)
class Twin:
    """What may be offered in a table's place, and what making it had to hide besides; None where none can be made."""

    table: Table | None
    findings: tuple[Finding, ...]


def hidden_by(findings: Iterable[Finding]) -> frozenset[CellRef]:
    """The cells that rules found must not be shown."""
    return frozenset(cell for each in findings if each.remedy is Remedy.HIDE for cell in each.cells)


def make_twin(subject: Subject, table: Table, findings: Iterable[Finding], pattern: Pattern) -> Twin:
    """The twin of a table after what the rules found, with a pattern that keeps it hidden."""
    hidden = hidden_by(findings)
    if pattern.unprotected:
        return Twin(None, (_undone(subject),))
    beside = {cell for place in pattern.hidden for cell in subject.system.quantities[place].cells} - hidden
    dependent = set(_dependent(subject, table, hidden | beside)) - hidden - beside
    written = _Writer(subject, table, pattern, frozenset(hidden | beside | dependent)).table()
    more = (
        _bent(subject, pattern),
        _finding(subject, beside, "Numbers beside hidden ones would give them away."),
        _finding(subject, dependent, "Numbers computed from hidden ones would give them away."),
    )
    return Twin(written, tuple(each for each in more if each is not None))


def _bent(subject: Subject, pattern: Pattern) -> Finding | None:
    """That totals are not within the base of what was counted, where the policy's rounding would have them be."""
    policy = subject.policy
    pairs = zip(pattern.values, subject.system.quantities, strict=True)
    if policy.rounding != "controlled" or all(
        abs(shown - each.value) < policy.rounding_base for shown, each in pairs
    ):
        return None
    return Finding(
        check=_NAME,
        severity=Severity.NOTE,
        confidence=subject.confidence,
        file=subject.path,
        message="No way was found to round this table so that every total adds and stays near what was counted.",
        fix="Nothing: its totals are sums of what is shown. With fewer dimensions or totals they would stay near.",
        promise="P10",
    )


def _undone(subject: Subject) -> Finding:
    return Finding(
        check=_NAME,
        severity=Severity.REFUSE,
        confidence=subject.confidence,
        file=subject.path,
        message="No way was found to hide the small numbers of this table for good.",
        fix="Leave out its totals, or merge groups.",
        promise="P10",
    )


def _finding(subject: Subject, cells: set[CellRef], message: str) -> Finding | None:
    if not cells:
        return None
    people = subject.evidence.people if subject.evidence else ()
    return Finding(
        check=_NAME,
        severity=Severity.SUPPRESS,
        confidence=subject.confidence,
        file=subject.path,
        message=message,
        fix=_MERGE,
        promise="P10",
        cells=tuple(sorted(cells)),
        remedy=Remedy.HIDE,
        people=tuple(people[cell.row] for cell in sorted(cells)) if people else (),
    )


def _dependent(subject: Subject, table: Table, hidden: frozenset[CellRef]) -> Iterator[CellRef]:
    """Ratios of a hidden count, and everything else on a row whose number of people is hidden."""
    behind = [each.name for each in subject.with_role(Role.N, Role.COUNT)]
    for name, column in subject.columns.items():
        if column.role in LABELS | COUNTED:
            continue
        needs = column.operands if column.role in DERIVED else behind
        for row in range(len(table.rows)):
            cell = CellRef(row, name)
            if not is_hidden(table.at(cell)) and any(CellRef(row, each) in hidden for each in needs):
                yield cell


@dataclass(frozen=True)
class _Writer:
    """Cells as they are to be shown."""

    subject: Subject
    source: Table
    pattern: Pattern
    hidden: frozenset[CellRef]

    def table(self) -> Table:
        columns = [self._cells(self.subject.columns[name]) for name in self.source.columns]
        return Table(self.source.columns, tuple(zip(*columns, strict=True)))

    def _cells(self, column: Column) -> list[str]:
        factor = factor_of(self.subject, column) if column.role in DERIVED else None
        texts = self.source.column(column.name)
        return [self._cell(column, CellRef(row, column.name), text, factor) for row, text in enumerate(texts)]

    def _cell(self, column: Column, cell: CellRef, text: str, factor: int | None) -> str:
        mark = self.subject.policy.mark
        if column.role in LABELS:
            return text
        if cell in self.hidden or (is_hidden(text) and column.role is not Role.OTHER):
            return mark
        if cell in self.subject.system.of_cell:
            return str(self._shown(cell))
        if column.role in DERIVED and factor is not None:
            return self._quotient(column, cell.row, factor)
        return self._number(column, text)

    def _shown(self, cell: CellRef) -> int:
        return self.pattern.values[self.subject.system.of_cell[cell]]

    def _quotient(self, column: Column, row: int, factor: int) -> str:
        cells = [CellRef(row, name) for name in column.operands]
        if any(cell in self.hidden or cell not in self.subject.system.of_cell for cell in cells):
            return self.subject.policy.mark
        numerator, denominator = map(self._shown, cells)
        if not denominator:
            return self.subject.policy.mark
        return plain(Decimal(numerator) * factor / denominator, self.subject.policy.figures)

    def _number(self, column: Column, text: str) -> str:
        value = decimal(text)
        if value is None or column.role in PEOPLE:
            return text
        if column.role is Role.OTHER and "." not in text:
            return text
        return plain(value, self.subject.policy.figures)


def written(table: Table, path: str) -> bytes:
    """The table in canonical form: UTF-8, line feeds, quotes only where needed; or JSON records."""
    if kind_of(path) == ".json":
        records = [_record(table.columns, row) for row in table.rows]
        return (json.dumps(records, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", delimiter="\t" if kind_of(path) == ".tsv" else ",")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return out.getvalue().encode()


def _record(columns: Iterable[str], row: Iterable[str]) -> Mapping[str, str | int | float | None]:
    return {name: _plain_json(cell) for name, cell in zip(columns, row, strict=True)}


def _plain_json(cell: str) -> str | int | float | None:
    value = decimal(cell)
    if value is None or _CODE.match(cell):
        return cell or None
    return int(value) if "." not in cell and value == value.to_integral_value() else float(value)


def shows_small(subject: Subject) -> bool:
    """Whether a written table, read back, still shows a count that is too small: the last look before it is offered."""
    shown = subject.with_role(*PEOPLE, Role.ROWS)
    names = {column.name for column in shown}
    return any(
        cell.column in names and subject.policy.is_small(number) for cell, number in subject.counted_cells()
    )
