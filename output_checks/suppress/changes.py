"""Ways to change a table that leave every sum as it is, found by linear programs: the cheapest of them show what to hide.

Whatever numbers such a change touches could all be otherwise, together, if all of them are hidden. The least costly change
that moves one small number as far as a policy asks protects that number; the least costly that moves all of them at once,
each at least a little, protects them all from being solved for. Refuses to decide: what is found here is a proposal, made
the same on every machine, and the attacker, who shares none of this, has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from highspy import HighsLp, HighsModelStatus, MatrixFormat, kHighsInf
from highspy._core import _Highs  # the class for Python greets on standard output
from numpy.typing import NDArray

from output_checks.suppress.covering import Costs
from output_checks.suppress.system import System

Real = NDArray[np.float64]
_ITERATIONS = 200_000
_MOVED = 1e-6
_DIRECTIONS = 30
_SOFT = 0.3


class Changes:
    """All changes of a system's numbers, as rises and falls; numbers that cannot be hidden do not change."""

    def __init__(self, system: System, costs: Costs, room: Sequence[float]) -> None:
        """`costs` is what hiding each quantity costs (None: it cannot be), `room` how far each can fall."""
        self._places = [place for place, cost in enumerate(costs) if cost is not None]
        self._at = {place: at for at, place in enumerate(self._places)}
        self._room = np.array([max(0.0, room[place]) for place in self._places])
        self._costs = np.array([costs[place] or 0 for place in self._places], dtype=np.float64)
        self._solver = _Highs()
        for option, setting in (("output_flag", False), ("threads", 1)):
            self._solver.setOptionValue(option, setting)
        self._solver.setOptionValue("simplex_iteration_limit", _ITERATIONS)
        self._solver.passModel(_program(system, self._at))

    @property
    def _width(self) -> int:
        return len(self._places)

    def room(self, target: int, amount: float, hidden: Iterable[int]) -> frozenset[int] | None:
        """What must be hidden for one number to be able to differ by an amount; None if nothing lets it."""
        at = self._at.get(target)
        if at is None:
            return None
        costs = self._free_of_charge(hidden)
        high = np.concatenate([np.full(self._width, kHighsInf), self._room])
        low = np.zeros(2 * self._width)
        rise, fall = max(amount, 0.0), max(-amount, 0.0)
        low[[at, at + self._width]] = high[[at, at + self._width]] = (rise, fall)
        found = self._solved(np.tile(costs, 2), low, high)
        return None if found is None else self._touched(found)

    def together(self, signs: Real, hidden: Iterable[int]) -> frozenset[int] | None:
        """What must be hidden for all numbers with a sign to be able to change at once, each its own way."""
        high = np.full(2 * self._width, kHighsInf)
        high[: self._width][signs < 0] = 0.0
        high[self._width :][signs > 0] = 0.0
        low = np.concatenate([np.where(signs > 0, 1.0, 0.0), np.where(signs < 0, 1.0, 0.0)])
        costs = self._free_of_charge(hidden)
        found = self._solved(np.tile(costs, 2), low, high)
        if found is None:
            return None
        # Numbers that changed much are used again rather than others that changed a little: fewer are touched.
        again = self._solved(np.tile(costs / (np.abs(found) + _SOFT), 2), low, high)
        return self._touched(found if again is None else again)

    def signs(self, hidden: Iterable[int], targets: Iterable[int], seed: int) -> Real:
        """The ways in which hidden numbers change in one change that is chosen by lot, for the targets; 0 elsewhere."""
        lot = np.random.default_rng(seed)
        free = np.zeros(self._width)
        free[[self._at[place] for place in hidden if place in self._at]] = 1.0
        wanted = np.zeros(self._width, dtype=np.bool_)
        wanted[[self._at[place] for place in targets if place in self._at]] = True
        total = np.zeros(self._width)
        for _ in range(_DIRECTIONS):
            still = wanted & (np.abs(total) < _MOVED)
            if not still.any():
                break
            pull = lot.normal(size=self._width) * still
            found = self._solved(np.concatenate([pull, -pull]), np.zeros(2 * self._width), np.tile(free, 2))
            total += 0.0 if found is None else (1.0 + lot.random()) * found
        return np.where(wanted & (np.abs(total) >= _MOVED), np.sign(total), 0.0)

    def _free_of_charge(self, hidden: Iterable[int]) -> Real:
        costs = self._costs.copy()
        costs[[self._at[place] for place in hidden if place in self._at]] = 0.0
        return costs

    def _touched(self, change: Real) -> frozenset[int]:
        return frozenset(self._places[at] for at in np.flatnonzero(np.abs(change) > _MOVED))

    def _solved(self, costs: Real, low: Real, high: Real) -> Real | None:
        """The cheapest change within bounds; None where there is none."""
        every = np.arange(2 * self._width, dtype=np.int32)
        self._solver.changeColsCost(len(every), every, costs)
        self._solver.changeColsBounds(len(every), every, low, high)
        self._solver.run()
        if self._solver.getModelStatus() != HighsModelStatus.kOptimal:
            return None
        found = np.array(self._solver.getSolution().col_value, dtype=np.float64)
        change: Real = found[: self._width] - found[self._width :]
        return change


def _program(system: System, at: dict[int, int]) -> HighsLp:
    """Sums as equations over rises and falls."""
    width, starts, places, signs = len(at), [0], list[int](), list[float]()
    for each in system.sums:
        members = [member for member in each.members if member in at]
        for shift, sign in ((0, 1.0), (width, -1.0)):
            places += [at[member] + shift for member in members]
            signs += [-sign if member == each.total else sign for member in members]
        starts.append(len(places))
    program = HighsLp()
    program.num_col_, program.num_row_ = 2 * width, len(system.sums)
    program.col_cost_ = program.col_lower_ = np.zeros(2 * width)
    program.col_upper_ = np.full(2 * width, kHighsInf)
    program.row_lower_ = program.row_upper_ = np.zeros(len(system.sums))
    program.a_matrix_.format_ = MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    program.a_matrix_.index_ = np.array(places, dtype=np.int32)
    program.a_matrix_.value_ = np.array(signs, dtype=np.float64)
    return program
