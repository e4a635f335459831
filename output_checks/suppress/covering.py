"""The cheapest numbers to hide so that no primary can be solved for: a covering problem, with a proof of how good it is.

A set of hidden numbers gives a primary away exactly when some combination of sums holds that primary and otherwise only
shown numbers. So of every such combination, at least one shown number must be hidden. Raising a price on each
combination until some number is paid for (dual ascent) finds both a pattern and a bound below which no pattern can be;
branching closes the gap between them on small tables. Refuses nothing; the attacker has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from output_checks.suppress.system import System

Costs = Sequence[int | None]
"""What hiding each quantity costs; None for those that cannot be hidden."""


@dataclass(frozen=True)
class Task:
    """A system, what is hidden in it already, which of that must not be solved for, and what more would cost."""

    system: System
    hidden: frozenset[int]
    targets: frozenset[int]
    costs: Costs

    def __post_init__(self) -> None:
        if not self.targets <= self.hidden:
            raise ValueError("what must not be solved for is hidden")


class State(Protocol):
    """What is hidden so far, and the combinations that still give a primary away."""

    def gaps(self) -> list[list[int]]:
        """For each primary that can be solved for: the shown quantities of which one must be hidden too."""

    def hide(self, place: int) -> None:
        """Hide one more."""

    def show(self, place: int) -> bool:
        """Show one again, unless that would give a primary away; says whether it did."""

    def copy(self) -> Self:
        """The same, to go on from in another way."""


@dataclass(frozen=True)
class Cover:
    """Quantities to hide besides, what they cost, and a cost that no choice can be below."""

    added: frozenset[int]
    cost: int
    bound: int


def cover(state: State, costs: Costs, *, branches: int) -> Cover | None:
    """The cheapest cover that `branches` tries find; None where some gap has nothing that can be hidden."""
    first = _ascend(state, costs, None)
    if first is None:
        return None
    search = _Search(branches, first.added, first.cost)
    if first.bound < first.cost:
        search.branch(state, costs, frozenset(), 0)
    bound = first.bound if search.spent else search.cost
    return Cover(search.added, search.cost, bound)


@dataclass(frozen=True)
class _Ascent:
    added: frozenset[int]
    cost: int
    bound: int
    left: Costs


def _ascend(state: State, costs: Costs, ceiling: int | None) -> _Ascent | None:
    """Pay for gaps until none is left; None where one cannot be closed, or the bound has reached the ceiling."""
    state, left, bound = state.copy(), list(costs), 0
    added: list[int] = []
    while gaps := state.gaps():
        gap = [place for place in min(gaps, key=lambda gap: _size(gap, left)) if left[place] is not None]
        if not gap:
            return None
        price = min(_price(left, place) for place in gap)
        bound += price
        for place in gap:
            left[place] = _price(left, place) - price
        for place in gap:
            if left[place] == 0:
                state.hide(place)
                added.append(place)
                break
        if ceiling is not None and bound >= ceiling:
            return None
    kept = [place for place in _dearest_first(added, costs) if not state.show(place)]
    return _Ascent(frozenset(kept), sum(_price(costs, place) for place in kept), bound, left)


def _size(gap: Sequence[int], left: Costs) -> tuple[int, int]:
    free = [place for place in gap if left[place] is not None]
    return len(free), min(free, default=0)


def _price(costs: Costs, place: int) -> int:
    return costs[place] or 0


def _dearest_first(places: Sequence[int], costs: Costs) -> list[int]:
    return sorted(places, key=lambda place: (-_price(costs, place), place))


class _Search:
    """Branch and bound: of one gap, hide the first, or ban it and hide the second, and so on."""

    def __init__(self, branches: int, added: frozenset[int], cost: int) -> None:
        self.branches = branches
        self.added = added
        self.cost = cost

    @property
    def spent(self) -> bool:
        """Whether the tries ran out before the search was over."""
        return self.branches < 0

    def branch(self, state: State, costs: Costs, chosen: frozenset[int], paid: int) -> None:
        """Improve on the best cover found so far, given what is chosen already."""
        self.branches -= 1
        if self.spent:
            return
        ascent = _ascend(state, costs, self.cost - paid)
        if ascent is None:
            return
        if paid + ascent.cost < self.cost:
            self.added, self.cost = chosen | ascent.added, paid + ascent.cost
        room = self.cost - paid - ascent.bound
        gaps = state.gaps()
        if room > 0 and gaps:
            open_costs = [None if _price(ascent.left, at) >= room else each for at, each in enumerate(costs)]
            self._split(
                min(gaps, key=lambda gap: _size(gap, open_costs)), state, open_costs, chosen, paid=paid
            )

    def _split(
        self, gap: Sequence[int], state: State, costs: list[int | None], chosen: frozenset[int], *, paid: int
    ) -> None:
        for place in sorted((p for p in gap if costs[p] is not None), key=lambda p: (_price(costs, p), p)):
            if paid + _price(costs, place) >= self.cost:
                return
            further = state.copy()
            further.hide(place)
            self.branch(further, costs, chosen | {place}, paid + _price(costs, place))
            costs[place] = None
