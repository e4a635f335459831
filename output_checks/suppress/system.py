"""Counts and the sums that bind them: the form in which a table is protected and attacked.

Refuses sums over quantities that are not there. A quantity may be shown in several cells (a total repeated on every
row) or in none (what a total holds beyond the rows that are listed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from output_checks.model import CellRef


@dataclass(frozen=True)
class Quantity:
    """A number of people: the cells that show it, and its value as counted."""

    cells: tuple[CellRef, ...]
    value: int


@dataclass(frozen=True)
class Sum:
    """One quantity is the sum of others, by their place in the system; `rest` is the part that is not listed."""

    total: int
    parts: tuple[int, ...]
    rest: int | None = None

    @property
    def members(self) -> tuple[int, ...]:
        """The total, then its parts, then what it holds beyond them."""
        return (self.total, *self.parts) if self.rest is None else (self.total, *self.parts, self.rest)


@dataclass(frozen=True)
class System:
    """Every count of a table, and every sum that a reader of the table can rely on.

    `blind` are totals over cells that were hidden before we saw them: nobody here can tell whether they give one away.
    """

    quantities: tuple[Quantity, ...] = ()
    sums: tuple[Sum, ...] = ()
    blind: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        places = range(len(self.quantities))
        if any(member not in places for each in self.sums for member in each.members):
            raise ValueError("a sum is over quantities of its system")

    @cached_property
    def sums_of(self) -> Mapping[int, tuple[int, ...]]:
        """The sums that each quantity takes part in, by place."""
        found: dict[int, list[int]] = {}
        for place, each in enumerate(self.sums):
            for member in each.members:
                found.setdefault(member, []).append(place)
        return {quantity: tuple(places) for quantity, places in found.items()}

    @cached_property
    def unshown(self) -> frozenset[int]:
        """Quantities that no cell shows."""
        return frozenset(place for place, each in enumerate(self.quantities) if not each.cells)

    @cached_property
    def of_cell(self) -> Mapping[CellRef, int]:
        """The quantity that each cell shows."""
        return {cell: place for place, each in enumerate(self.quantities) for cell in each.cells}
