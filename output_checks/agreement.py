"""Whether a file's numbers are those that the data gives: exactly, or as the policy and the printed digits round them.

Refuses to call a number agreed that the data gives nothing for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from output_checks.checks.survival import curve_follows
from output_checks.declare import COUNTED, DERIVED, Role
from output_checks.model import CellRef, Confidence
from output_checks.numerals import decimal, is_hidden
from output_checks.subject import Subject

_RELATIVE = Decimal("1e-6")
_STEPS = frozenset({Role.AT_RISK, Role.EVENTS})


def differing(subject: Subject, name: str) -> tuple[CellRef, ...]:
    """The cells of a column that show another number than the data gives."""
    values = subject.evidence.values.get(name) if subject.evidence else None
    table = subject.table
    if values is None or table is None:
        return ()
    shown = ((CellRef(row, name), value) for row, value in enumerate(values) if value is not None)
    return tuple(
        cell for cell, value in shown if not is_hidden(table.at(cell)) and not _agrees(subject, cell, value)
    )


def _agrees(subject: Subject, cell: CellRef, exact: float) -> bool:
    text = subject.table.at(cell) if subject.table else ""
    said = decimal(text)
    if said is None:
        return False
    role, policy = subject.columns[cell.column].role, subject.policy
    if role in COUNTED:
        whole = round(exact)
        near = {whole, *policy.shown_as(whole)} | (
            {midpoint(whole, policy.survival_base)} if role in _STEPS else set()
        )
        return said in {Decimal(each) for each in near}
    step = Decimal(1).scaleb(int(said.as_tuple().exponent))
    return abs(said - Decimal(repr(exact))) <= max(step / 2, abs(Decimal(repr(exact))) * _RELATIVE)


def midpoint(count: int, base: int) -> int:
    """The middle of the band of `base` people that a count falls into; nought stays nought."""
    return 0 if count == 0 else -(-count // base) * base - base // 2


def levels(subject: Subject) -> Mapping[str, tuple[Confidence, ...]]:
    """For each column of numbers, how the safety of each of its cells is known."""
    return {
        name: tuple(_level(subject, name, row) for row in range(_rows(subject)))
        for name in subject.statistics
    }


def _rows(subject: Subject) -> int:
    return len(subject.table.rows) if subject.table else 0


def _level(subject: Subject, name: str, row: int) -> Confidence:
    evidence = subject.evidence
    if evidence is None:
        return subject.confidence
    if evidence.source is Confidence.PROVED:
        return Confidence.PROVED if name in evidence.roles or not evidence.roles else Confidence.DECLARED
    column, parts = subject.columns[name], _computed_from(subject, name)
    if parts:
        return max((_level(subject, each, row) for each in parts), key=_ORDER.index)
    if column.role is Role.MARGIN:
        return _level_of_total(subject, CellRef(row, name))
    if name in evidence.smallest or (not evidence.values and not evidence.smallest):
        return Confidence.RECOMPUTED
    given = evidence.sides.get(name) if column.role is Role.MODE else evidence.values.get(name)
    return Confidence.RECOMPUTED if given and given[row] is not None else Confidence.DECLARED


def _computed_from(subject: Subject, name: str) -> tuple[str, ...]:
    """The columns that a ratio, or a curve that follows from the numbers beside it, is as sure as."""
    column = subject.columns[name]
    if column.role is Role.SURVIVAL and curve_follows(subject, name):
        return tuple(each.name for each in subject.with_role(Role.AT_RISK, Role.EVENTS))
    return column.operands if column.role in DERIVED else ()


def _level_of_total(subject: Subject, cell: CellRef) -> Confidence:
    """As sure as its parts, where it is the sum of them and of nothing else."""
    system = subject.system
    sums = [each for each in system.sums if each.total == system.of_cell.get(cell) and each.rest is None]
    parts = [part for each in sums[:1] for place in each.parts for part in system.quantities[place].cells]
    known = [
        _level(subject, each.column, each.row)
        for each in parts
        if subject.columns[each.column].role is not Role.MARGIN
    ]
    return max(known, key=_ORDER.index, default=Confidence.DECLARED)


_ORDER = tuple(Confidence)


def weakest(known: Mapping[str, tuple[Confidence, ...]], otherwise: Confidence) -> Confidence:
    """How sure we are of a file: no surer than of the least sure of its numbers; `otherwise` where it has none."""
    cells = {level for column in known.values() for level in column}
    return max(cells, key=_ORDER.index, default=otherwise)
