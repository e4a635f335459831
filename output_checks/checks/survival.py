"""Survival curves in steps of enough people.

Refuses numbers at risk and events that are not rounded to the middle of a band, events that are no running total, and
steps of too few events: exact ones, step after step, are the days on which single people died. A curve that does not
follow from the rounded numbers beside it, and one whose times are not evenly apart, is left to a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from output_checks.declare import Role
from output_checks.model import CellRef, Table
from output_checks.numerals import decimal, figures_of
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_CLOSE = Decimal("0.006")
_MERGE = "Write events as running totals, and merge steps until each holds enough events."


@dataclass(frozen=True)
class _Step:
    """One row of a curve: its place, people at risk, events so far, and the share that is printed."""

    row: int
    at_risk: int
    events: int
    share: Decimal | None = None


def _look(subject: Subject) -> Iterator[Because]:
    base = subject.policy.survival_base
    for column in subject.with_role(Role.AT_RISK, Role.EVENTS):
        cells = [cell for cell, number in subject.counted_cells() if cell.column == column.name]
        exact = [cell for cell in cells if not is_midpoint(subject.number(cell) or 0, base)]
        if exact:
            fix = f"Round cumulative numbers to the midpoint of {base}, and keep only steps at which they change."
            reason = "Numbers at risk or events are exact."
            yield refuse(reason, fix, column=column.name, cells=exact)
    if subject.table is not None:
        yield from _times(subject, subject.table)
        yield from _steps(subject)
        yield from _curve(subject, subject.table)


def _times(subject: Subject, table: Table) -> Iterator[Because]:
    """Which times a curve shows is chosen by whoever computes it; on an even grid of round numbers it says nothing."""
    said = subject.declaration.extra.get("time") if subject.declaration else None
    names = {said, *(each.name for each in subject.with_role(Role.TIME))}
    for name in (each for each in table.columns if each in names):
        times = [decimal(text) for text in dict.fromkeys(table.column(name))]
        numbers = sorted({each for each in times if each is not None})
        fine = any(figures_of(format(each, "f")) > subject.policy.figures + 1 for each in numbers)
        gaps = {after - before for before, after in pairwise(numbers)}
        if fine or len(gaps) > 1 or len(numbers) < len(times):
            reason = "The times of the steps are not on an even grid: which they are could be a message."
            fix = "Show the curve at round times that are evenly apart, such as every 30 days."
            yield review(reason, fix, column=name)


def is_midpoint(number: int, base: int) -> bool:
    """Whether a number is the middle of a band of `base` people, or zero."""
    return number == 0 or (number + base - base // 2) % base == 0


def _steps(subject: Subject) -> Iterator[Because]:
    few = subject.policy.small_max
    for column in subject.with_role(Role.EVENTS):
        pairs = [pair for steps in _curves(subject, column.name) for pair in pairwise(steps)]
        cells = [
            CellRef(after.row, column.name)
            for before, after in pairs
            if after.events < before.events or 0 < after.events - before.events <= few
        ]
        if cells:
            yield refuse("A step holds too few events, or events are no running total.", _MERGE, cells=cells)


def _curves(subject: Subject, events: str, share: str | None = None) -> list[list[_Step]]:
    """The steps of each group, in the order of the file."""
    labels = [column.name for column in subject.with_role(Role.DIMENSION)]
    risk = [column.name for column in subject.with_role(Role.AT_RISK)]
    found: dict[tuple[str, ...], list[_Step]] = defaultdict(list)
    table = subject.table
    for row in range(len(table.rows)) if table else ():
        happened = subject.number(CellRef(row, events))
        at_risk = subject.number(CellRef(row, risk[0])) if risk else 0
        if table and happened is not None and at_risk is not None:
            said = decimal(table.at(CellRef(row, share))) if share else None
            group = tuple(table.at(CellRef(row, name)) for name in labels)
            found[group].append(_Step(row, at_risk, happened, said))
    return list(found.values())


def _curve(subject: Subject, table: Table) -> Iterator[Because]:
    events = [column.name for column in subject.with_role(Role.EVENTS)]
    for column in subject.with_role(Role.SURVIVAL):
        if not events or not subject.with_role(Role.AT_RISK):
            fix = "Put the rounded numbers at risk and events beside it, with the roles at_risk and events."
            yield refuse("A survival curve stands without its numbers at risk and events.", fix)
        elif not curve_follows(subject, column.name) or not table.rows:
            reason = "The curve does not follow from the rounded numbers beside it."
            yield review(reason, "Compute the share from the rounded numbers at risk and events.")


def curve_follows(subject: Subject, share: str) -> bool:
    """Whether a column of shares follows from the numbers at risk and the events beside it, where there are any."""
    events = [column.name for column in subject.with_role(Role.EVENTS)]
    return bool(events and subject.with_role(Role.AT_RISK)) and all(
        follows(steps) for steps in _curves(subject, events[0], share)
    )


def follows(steps: Sequence[_Step]) -> bool:
    """Whether every printed share follows from the numbers beside it: step by step, or as a share of those at the start."""
    shares = [step.share for step in steps]
    ways = (_product(steps, late=True), _product(steps, late=False), _simple(steps))
    return any(
        all(
            share is not None and abs(share - given) <= _CLOSE
            for share, given in zip(shares, way, strict=True)
        )
        for way in ways
    )


def _product(steps: Sequence[_Step], *, late: bool) -> list[Decimal]:
    """Kaplan and Meier's product, over those at risk at the step or at the one before."""
    left, found, before = Decimal(1), [], _Step(0, steps[0].at_risk, 0)
    for step in steps:
        at_risk = (step if late else before).at_risk
        left *= 1 - Decimal(step.events - before.events) / at_risk if at_risk else Decimal(0)
        found.append(left)
        before = step
    return found


def _simple(steps: Sequence[_Step]) -> list[Decimal]:
    start = max(steps[0].at_risk, 1)
    return [1 - Decimal(step.events) / start for step in steps]


RULE = Rule("survival", "P10", _look)
