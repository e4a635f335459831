"""Room to move in tables of any shape: further numbers to hide so that a hidden one can be far enough from itself.

Stands at the true table among all tables with the same sums, and moves the target as far as the policy asks while
changing as little as it can of what is shown; what had to change is what has to be hidden. Refuses tables that are too
large for one matrix: for those `Thrift.of` gives None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from output_checks.suppress.covering import Costs
from output_checks.suppress.polytope import Polytope, Real
from output_checks.suppress.system import System

_MATRIX = 400_000
_TINY = 1e-7
_MOVED = 1e-3


class Thrift(Polytope):
    """All tables with the same sums, whichever numbers are hidden, and what changing each number would cost."""

    def __init__(self, sums: Real, values: Sequence[float], floor: float, *, places: Sequence[int]) -> None:
        super().__init__(sums, values, floor)
        self._true = self._at.copy()
        self._places = list(places)
        self._row = {place: at for at, place in enumerate(places)}
        self._costs = np.zeros(len(places))

    @classmethod
    def of(cls, system: System, values: Sequence[int], costs: Costs, *, floor: int, unit: int) -> Self | None:
        """The tables beside one, in units; numbers that cannot be hidden cannot change."""
        places = [place for place, cost in enumerate(costs) if cost is not None]
        if not places or len(system.sums) * len(places) > _MATRIX:
            return None
        row = {place: at for at, place in enumerate(places)}
        matrix = np.zeros((len(system.sums), len(places)))
        for at, each in enumerate(system.sums):
            for member in each.members:
                if member in row:
                    matrix[at, row[member]] = -1.0 if member == each.total else 1.0
        return cls(matrix, [values[place] / unit for place in places], floor / unit, places=places)

    def room(self, target: int, goals: tuple[float, float], costs: Sequence[int]) -> frozenset[int] | None:
        """What must be hidden for the target to be able to be as low and as high as its goals; None if it cannot.

        `costs` is what each quantity costs to hide now: nothing for those that are hidden.
        """
        if target not in self._row:
            return None
        self._costs = np.array([costs[place] for place in self._places], dtype=np.float64)
        changed = np.zeros(len(self._places), dtype=np.bool_)
        for way, goal in zip((-1, 1), goals, strict=True):
            self._at = self._true.copy()
            if way * (self.reach(self._row[target], way, goal) - goal) < -_MOVED:
                return None
            now = np.abs(self._at - self._true) > _MOVED
            self._costs[now] = 0.0
            changed |= now
        return frozenset(place for place, moved in zip(self._places, changed, strict=True) if moved)

    def _entering(self, useful: Real) -> int | None:
        """The free quantity that changes the least of what is shown for what it moves; the dearest change last."""
        open_ones = np.flatnonzero(np.abs(useful) > _TINY)
        if not open_ones.size:
            return None
        touched = np.abs(self._rates[:, open_ones]) > _TINY
        price = self._costs[self._basis] @ touched + self._costs[[self._others[at] for at in open_ones]]
        stuck = self._stuck(useful, open_ones)
        order = np.lexsort((price / np.abs(useful[open_ones]), stuck))
        return int(open_ones[order[0]])

    def _stuck(self, useful: Real, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether a change in each free quantity is stopped before it begins by one that is at the floor."""
        change = -self._rates[:, places] * np.sign(useful[places])
        low = (self._at[self._basis] <= self._floor[self._basis] + _TINY)[:, None]
        stuck: NDArray[np.bool_] = np.any(low & (change < -_TINY), axis=0)
        return stuck
