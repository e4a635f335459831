"""The attacker: what somebody who sees a table, knows every rule and can solve any program learns of a hidden number.

Takes nothing for safe that it cannot show to be. A number is protected only when this module has in hand other tables of
whole numbers, which show exactly what is shown, in which the number is as low and as high as the policy asks; every such
table is checked by adding up, so that a mistake in the solver can only make more look exposed. Shares no code with what
chooses which numbers are hidden. Refuses to guess: what is not shown within a bounded amount of work is exposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from highspy import HighsLp, HighsVarType, MatrixFormat, kHighsInf
from highspy._core import _Highs  # the class for Python greets on standard output
from numpy.typing import NDArray

from output_checks.suppress.aim import Aim, goals
from output_checks.suppress.system import System

Whole = NDArray[np.int64]
_ITERATIONS = 200_000
_NODES = 500
_WORTHWHILE = 0.9
_FAR = 2.0**40


@dataclass(frozen=True)
class Published:
    """A table as it is shown: its sums, the number each quantity shows or would show, and which of them are hidden."""

    system: System
    values: Sequence[int]
    hidden: frozenset[int]


@dataclass(frozen=True)
class Interval:
    """The numbers that a hidden quantity is shown to be able to take."""

    low: int
    high: int


def exposed(published: Published, targets: Iterable[int], aim: Aim) -> frozenset[int]:
    """The targets that are not shown to be protected as the aim asks."""
    attack = _Attack(published, aim)
    return attack.exposed(frozenset(targets))


def interval(published: Published, target: int, aim: Aim) -> Interval:
    """How low and how high a target is shown to be able to be, no further than its goal."""
    attack = _Attack(published, aim)
    attack.exposed(frozenset({target}))
    return attack.seen(target)


class _Attack:
    """The search for other tables, all of whose numbers are kept as the lowest and highest seen of each quantity."""

    def __init__(self, published: Published, aim: Aim) -> None:
        self._aim = aim
        self._values = published.values
        self._at = {place: at for at, place in enumerate(sorted(published.hidden))}
        self._now = np.array([published.values[place] for place in self._at], dtype=np.int64) // aim.unit
        self._goals = goals(published.system, published.values, aim)
        self._low, self._high = self._now.copy(), self._now.copy()
        self._equations = _Equations.of(published.system, self._at)
        self._least = np.minimum(aim.floor // aim.unit, self._now) - self._now
        self._solver: _Solver | None = None

    def seen(self, target: int) -> Interval:
        """What has been shown of a quantity so far."""
        if target not in self._at:
            return Interval(self._values[target], self._values[target])
        at, unit = self._at[target], self._aim.unit
        return Interval(int(self._low[at]) * unit, int(self._high[at]) * unit)

    def exposed(self, targets: frozenset[int]) -> frozenset[int]:
        """Search until every target is shown to be protected or cannot be."""
        shown = {target for target in targets if target not in self._at}
        for way in (1, -1):
            self._together([each for each in sorted(targets - shown) if not self._met(each, way)], way)
        for target in sorted(targets - shown):
            for way in (1, -1):
                if not self._met(target, way):
                    self._move([target], way)
        lost = (target for target in targets - shown if not (self._met(target, 1) and self._met(target, -1)))
        return frozenset(lost) | shown

    def _together(self, wanted: list[int], way: int) -> None:
        """Move many targets at once, as long as each time some more of them arrive."""
        while wanted:
            self._move(wanted, way)
            left = [target for target in wanted if not self._met(target, way)]
            if len(left) > _WORTHWHILE * len(wanted):
                return
            wanted = left

    def _met(self, target: int, way: int) -> bool:
        """Whether the target was seen as far one way as is asked; without cover, at any other number at all."""
        at, goal, unit = self._at[target], self._goals[target], self._aim.unit
        if not self._aim.cover:
            return bool(self._low[at] < self._high[at])
        return bool(self._high[at] * unit >= goal.high if way > 0 else self._low[at] * unit <= goal.low)

    def _move(self, targets: Sequence[int], way: int) -> None:
        """One other table, in which the targets are together as far one way as they can be; no further than asked."""
        places = np.array([self._at[target] for target in targets], dtype=np.int32)
        far = np.array([self._room(target, way) for target in targets], dtype=np.float64)
        self._solver = self._solver or _Solver(self._equations, self._least)
        for whole in (False, True):
            change = self._solver.furthest(places, far, way, whole=whole)
            if change is not None and self._holds(change):
                np.minimum(self._low, self._now + change, out=self._low)
                np.maximum(self._high, self._now + change, out=self._high)
                return

    def _room(self, target: int, way: int) -> float:
        goal, unit, own = self._goals[target], self._aim.unit, int(self._now[self._at[target]])
        return max(0.0, -(-goal.high // unit) - own) if way > 0 else max(0.0, own - goal.low // unit)

    def _holds(self, change: Whole) -> bool:
        """Added up by us: every sum is as it was, and nothing is lower than anybody would believe."""
        return bool(np.all(change >= self._least)) and self._equations.hold(change)


@dataclass(frozen=True)
class _Equations:
    """The sums over hidden numbers, row by row: where each begins, whose numbers are in it, and with which sign."""

    starts: NDArray[np.int32]
    places: NDArray[np.int32]
    signs: Whole
    width: int

    @classmethod
    def of(cls, system: System, at: dict[int, int]) -> _Equations:
        rows = sorted({row for place in at for row in system.sums_of.get(place, ())})
        starts, places, signs = [0], list[int](), list[int]()
        for row in rows:
            each = system.sums[row]
            for member in each.members:
                if member in at:
                    places.append(at[member])
                    signs.append(-1 if member == each.total else 1)
            starts.append(len(places))
        return cls(np.array(starts, np.int32), np.array(places, np.int32), np.array(signs, np.int64), len(at))

    def hold(self, change: Whole) -> bool:
        """Whether a change of the hidden numbers leaves every sum as it is."""
        if not self.places.size:
            return True
        return not np.add.reduceat(self.signs * change[self.places], self.starts[:-1]).any()


class _Solver:
    """One linear program, asked again and again for another furthest point."""

    def __init__(self, equations: _Equations, least: Whole) -> None:
        self._least = least.astype(np.float64)
        self._width = equations.width
        self._solver = _Highs()
        for option, setting in (("output_flag", False), ("threads", 1)):
            self._solver.setOptionValue(option, setting)
        self._solver.setOptionValue("simplex_iteration_limit", _ITERATIONS)
        self._solver.setOptionValue("mip_max_nodes", _NODES)
        self._solver.passModel(_program(equations, self._least))

    def furthest(
        self, places: NDArray[np.int32], far: NDArray[np.float64], way: int, *, whole: bool
    ) -> Whole | None:
        """The change that moves some numbers furthest in sum, none of them further than `far`; None where none is found."""
        solver, count = self._solver, len(places)
        low, high = self._least[places], np.full(count, kHighsInf)
        bounds = (low, far) if way > 0 else (np.maximum(low, -far), high)
        solver.changeColsCost(count, places, np.full(count, -float(way)))
        solver.changeColsBounds(count, places, *bounds)
        self._ask_for(whole=whole)
        solver.run()
        found = np.array(solver.getSolution().col_value, dtype=np.float64)
        solver.changeColsCost(count, places, np.zeros(count))
        solver.changeColsBounds(count, places, low, high)
        if found.size != self._width or not np.all(np.abs(found) < _FAR):
            return None
        return np.rint(found).astype(np.int64)

    def _ask_for(self, *, whole: bool) -> None:
        kind = HighsVarType.kInteger if whole else HighsVarType.kContinuous
        every = np.arange(self._width, dtype=np.int32)
        self._solver.changeColsIntegrality(
            self._width, every, np.full(self._width, int(kind), dtype=np.uint8)
        )


def _program(equations: _Equations, least: NDArray[np.float64]) -> HighsLp:
    program, rows = HighsLp(), len(equations.starts) - 1
    program.num_col_, program.num_row_ = equations.width, rows
    program.col_cost_ = np.zeros(equations.width)
    program.col_lower_, program.col_upper_ = least, np.full(equations.width, kHighsInf)
    program.row_lower_, program.row_upper_ = np.zeros(rows), np.zeros(rows)
    program.a_matrix_.format_ = MatrixFormat.kRowwise
    program.a_matrix_.start_, program.a_matrix_.index_ = equations.starts, equations.places
    program.a_matrix_.value_ = equations.signs.astype(np.float64)
    return program
