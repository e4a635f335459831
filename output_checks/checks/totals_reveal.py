"""No small number by subtraction: totals, complements and what a total holds beyond the rows that are listed [P10].

The twin hides further cells until an attacker who knows every total, the rounding and the thresholds cannot corner a
hidden number; this rule says where one could.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.audit import Published, exposed
from output_checks.checks import small_count
from output_checks.linked import Part
from output_checks.model import CellRef, Remedy
from output_checks.rule import Because, Rule, change
from output_checks.subject import Subject
from output_checks.suppress.aim import aim_of
from output_checks.suppress.rounding import rounded
from output_checks.suppress.system import System

_FIX = "Take the twin; or leave the totals out, or merge groups."


def _look(subject: Subject) -> Iterator[Because]:
    if subject.table is None:
        return
    system = subject.system
    yield from _rests(subject, system)
    yield from _exposed(subject, system)
    if system.blind:
        fix = "Offer the table with nothing hidden; it is then hidden here so that totals can stay."
        cells = sorted(cell for place in system.blind for cell in system.quantities[place].cells)
        yield change(
            "A total is over cells that were hidden before.", fix, remedy=Remedy.RECOMPUTE, cells=cells
        )


def _rests(subject: Subject, system: System) -> Iterator[Because]:
    small = subject.policy.is_small
    totals = [
        system.quantities[each.total]
        for each in system.sums
        if each.rest is not None and small(system.quantities[each.rest].value)
    ]
    cells = sorted({cell for total in totals for cell in total.cells})
    if cells:
        reason = "What a total holds beyond the numbers beside it is too small."
        yield change(reason, _FIX, remedy=Remedy.RECOMPUTE, cells=cells)


def _exposed(subject: Subject, system: System) -> Iterator[Because]:
    primary = primaries(subject, system)
    shown = rounded(system, subject.policy, Part(subject, frozenset()).before)
    published = Published(system, shown.values, primary | system.unshown)
    found = exposed(published, primary, aim_of(subject.policy))
    cells = sorted(cell for place in found for cell in system.quantities[place].cells)
    if cells:
        reason = "Totals would give hidden numbers away."
        yield change(reason, _FIX, remedy=Remedy.RECOMPUTE, cells=cells)


def primaries(subject: Subject, system: System) -> frozenset[int]:
    """The quantities that are too small to show, or that describe too few people."""
    cells: set[CellRef] = {cell for each in small_count.RULE.look(subject) for cell in each.cells}
    return frozenset(system.of_cell[cell] for cell in cells if cell in system.of_cell)


RULE = Rule("totals_reveal", "P10", _look)
