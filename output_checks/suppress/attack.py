"""The attacker: what somebody who sees the table, knows the rules and can do sums learns of a hidden number.

Shares no code with what chooses the pattern. It takes nothing for safe that it cannot show to be: a number is
protected only when this module has in hand other tables, which show exactly what is shown, in which the number is as
low and as high as the policy asks. Refuses to guess in between. Tables are searched by the simplex method, where its
matrix is of a size for that, and by moves along cycles otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, gcd

import numpy as np

from output_checks.suppress.aim import Aim, Goal, goals
from output_checks.suppress.lift import lift
from output_checks.suppress.polytope import Polytope
from output_checks.suppress.system import System

Vector = dict[int, int]
_STEPS = 60
_ENDLESS = 1 << 40
_MATRIX = 1_500_000
_CLOSE = 1e-3


@dataclass(frozen=True)
class Interval:
    """The numbers that a hidden quantity is shown to be able to take."""

    low: int
    high: int


@dataclass(frozen=True)
class Attacker:
    """Everything published, as the attacker sees it: sums, the numbers shown, and which of them are hidden."""

    system: System
    values: Sequence[int]
    hidden: frozenset[int]
    aim: Aim

    @cached_property
    def moves(self) -> tuple[Vector, ...]:
        """Ways to change hidden numbers that leave every sum as it is: a basis, with whole coefficients."""
        order = sorted(self.hidden, key=lambda place: (-self.values[place], place))
        return tuple(_kernel({place: self._column(place) for place in order}))

    def _column(self, place: int) -> Vector:
        column: Vector = {}
        for at in self.system.sums_of.get(place, ()):
            column[at] = -1 if self.system.sums[at].total == place else 1
        return column

    @cached_property
    def _moves_of(self) -> Mapping[int, tuple[Vector, ...]]:
        found: dict[int, list[Vector]] = {}
        for move in self.moves:
            for place in move:
                found.setdefault(place, []).append(move)
        return {place: tuple(moves) for place, moves in found.items()}

    def solved(self, targets: Iterable[int]) -> frozenset[int]:
        """Targets that sums alone give away exactly."""
        return frozenset(target for target in targets if target not in self._moves_of)

    def recovered(self, targets: Iterable[int]) -> frozenset[int]:
        """Targets that are not shown to be protected as the policy asks."""
        return frozenset(target for target in targets if not self.protected(target))

    def protected(self, target: int) -> bool:
        """Whether the target is shown to be able to be as low and as high as the aim asks."""
        seen = self.interval(target)
        if not self.aim.cover:
            return seen.low < seen.high
        return seen.low <= self._goals[target].low and seen.high >= self._goals[target].high

    @cached_property
    def _goals(self) -> tuple[Goal, ...]:
        return goals(self.system, self.values, self.aim)

    def interval(self, target: int) -> Interval:
        """A range that the target is shown to span, no wider than its goal; its own value where nothing is shown."""
        goal = self._goals[target]
        lifted = self._lifted(target, goal)
        if lifted is not None:
            return lifted
        if self._polytope is not None:
            return self._searched(target, goal.low, goal.high)
        return Interval(self._reached(target, -1, goal.low), self._reached(target, 1, goal.high))

    def _lifted(self, target: int, goal: Goal) -> Interval | None:
        """The whole goal, where the target can rise and fall with the totals above it; None where it cannot."""
        together = lift(self.system, target, self.hidden)
        if together is None:
            return None
        fall = min(self.values[place] for place in together) - self.aim.floor
        low, high = min(goal.low, self.values[target]), max(goal.high, self.values[target])
        return Interval(low, high) if self.values[target] - low <= fall else None

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {place: at for at, place in enumerate(sorted(self.hidden))}

    @cached_property
    def _polytope(self) -> Polytope | None:
        """The tables that show the same, in units; None where there are too many numbers for one matrix."""
        bound = sorted({at for place in self.hidden for at in self.system.sums_of.get(place, ())})
        if not self.hidden or len(bound) * len(self.hidden) > _MATRIX:
            return None
        matrix = np.zeros((len(bound), len(self.hidden)))
        for row, at in enumerate(bound):
            for member in self.hidden.intersection(self.system.sums[at].members):
                matrix[row, self._places[member]] = -1.0 if self.system.sums[at].total == member else 1.0
        values = [self.values[place] / self.aim.unit for place in sorted(self.hidden)]
        return Polytope(matrix, values, self.aim.floor / self.aim.unit)

    def _searched(self, target: int, low: int, high: int) -> Interval:
        polytope, at, unit = self._polytope, self._places.get(target), self.aim.unit
        if polytope is None or at is None:
            return Interval(self.values[target], self.values[target])
        if polytope.lowest[at] * unit > low + _CLOSE:
            polytope.reach(at, -1, low / unit)
        if polytope.highest[at] * unit < high - _CLOSE:
            polytope.reach(at, 1, high / unit)
        lowest, highest = polytope.lowest[at] * unit, polytope.highest[at] * unit
        return Interval(ceil(lowest - _CLOSE), floor(highest + _CLOSE))

    def _reached(self, target: int, way: int, goal: int) -> int:
        """How far the target can be moved one way, towards a goal, by one move after another."""
        world = _World(self.values, self.aim)
        moves = [
            move if (move[target] > 0) == (way > 0) else {place: -by for place, by in move.items()}
            for move in self._moves_of.get(target, ())
        ]
        for _ in range(_STEPS if moves else 0):
            if way * (world.now(target) - goal) >= 0:
                break
            best = max(moves, key=lambda move: abs(move[target]) * world.room(move))
            if not world.room(best):
                break
            world.take(best, target, goal)
        return world.now(target)


class _World:
    """Another table that shows the same: the hidden numbers, moved."""

    def __init__(self, values: Sequence[int], aim: Aim) -> None:
        self._values = values
        self._aim = aim
        self._moved: Vector = {}

    def now(self, place: int) -> int:
        """What the number is in this other table."""
        return self._values[place] + self._moved.get(place, 0)

    def room(self, move: Vector) -> int:
        """How many units of a move fit before some number would be lower than anybody would believe."""
        floor, unit = self._aim.floor, self._aim.unit
        falling = [(self.now(place) - floor) // (-by * unit) for place, by in move.items() if by < 0]
        return max(0, min(falling, default=_ENDLESS))

    def take(self, move: Vector, target: int, goal: int) -> None:
        """Make the move, no further than the goal needs."""
        needed = -(-abs(goal - self.now(target)) // (abs(move[target]) * self._aim.unit))
        length = min(self.room(move), needed) * self._aim.unit
        for place, by in move.items():
            self._moved[place] = self._moved.get(place, 0) + length * by


def _kernel(columns: Mapping[int, Vector]) -> Iterable[Vector]:
    """Whole-number combinations of the columns that vanish: one for each column that depends on those before it."""
    pivots: dict[int, tuple[Vector, Vector]] = {}
    for place, column in columns.items():
        rest, made = dict(column), {place: 1}
        while rest:
            at = min(rest)
            if at not in pivots:
                pivots[at] = (rest, made)
                break
            other, from_others = pivots[at]
            ours, theirs = other[at], -rest[at]
            rest = _combined(rest, ours, other, theirs)
            made = _combined(made, ours, from_others, theirs)
            rest, made = _shortened(rest, made)
        else:
            yield made


def _combined(one: Vector, times: int, other: Vector, by: int) -> Vector:
    made = {at: times * each for at, each in one.items()}
    for at, each in other.items():
        new = made.get(at, 0) + by * each
        if new:
            made[at] = new
        else:
            made.pop(at, None)
    return made


def _shortened(rest: Vector, made: Vector) -> tuple[Vector, Vector]:
    common = gcd(*rest.values(), *made.values())
    if common > 1:
        return {k: v // common for k, v in rest.items()}, {k: v // common for k, v in made.items()}
    return rest, made
