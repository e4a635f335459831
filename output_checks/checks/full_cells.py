"""A group in which everybody is the same: a cell that holds its whole group tells of each person in it [P10].

Leaves to a person (or hides, as the policy says) cells that hold a group of more than one listed part. Zeros are the
other side of the same fact; they are noted where the policy shows them.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.checks.small_count import nearly_all
from output_checks.model import CellRef
from output_checks.rule import Because, Rule, hide, note, review
from output_checks.subject import Subject
from output_checks.suppress.system import Sum, System

_SAY = "Everybody in a group is the same: the table tells of each of them."
_FIX = "Merge the group with another, or say why the attribute is not sensitive."


def _look(subject: Subject) -> Iterator[Because]:
    if subject.table is None:
        return
    system = subject.system
    small, hidden = subject.policy.is_small, nearly_all(subject)
    # Whether a group too small to show is all one is not told by it; nor by a number that is hidden for leaving few out.
    sums = (each for each in system.sums if not small(system.quantities[each.total].value))
    cells = sorted({cell for each in sums for cell in _full(system, each)} - hidden)
    match subject.policy.full_cell:
        case _ if not cells:
            return
        case "suppress":
            yield hide(_SAY, _FIX, cells=cells)
        case "review":
            yield review(_SAY, _FIX, cells=cells)
        case _:
            yield note(_SAY, _FIX, cells=cells)


def _full(system: System, each: Sum) -> Iterator[CellRef]:
    """The one part that is all of a total, where other parts are listed as zero or the part is a share."""
    total = system.quantities[each.total]
    for part in each.parts:
        quantity = system.quantities[part]
        if quantity.value == total.value > 0 and part != each.total:
            yield from quantity.cells


RULE = Rule("full_cells", "P10", _look)
