"""Tables of two dimensions as networks: every number an arc, every sum a node, every way to change the table a cycle.

A hidden number can be solved for exactly when it lies on no cycle of hidden numbers. Refuses systems that are no
network (more than two dimensions with all their totals): for those `network_of` gives None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from output_checks.suppress.covering import Task
from output_checks.suppress.system import System

_ENDS = 2
Step = tuple[int, int, int]
"""From a node: the node that is reached, the quantity that changes, and whether it grows (1) or shrinks (-1)."""


Ends = tuple[int, int] | None


@dataclass(frozen=True)
class Network:
    """Where each quantity's arc begins and ends (None for one in no sum); the last node stands for what no sum binds."""

    ends: tuple[Ends, ...]
    nodes: int

    @cached_property
    def steps(self) -> tuple[tuple[Step, ...], ...]:
        """The steps from every node."""
        steps: list[list[Step]] = [[] for _ in range(self.nodes)]
        for place, arc in enumerate(self.ends):
            if arc is not None:
                steps[arc[0]].append((arc[1], place, 1))
                steps[arc[1]].append((arc[0], place, -1))
        return tuple(map(tuple, steps))


def network_of(system: System) -> Network | None:
    """The network of a system, or None where it is none."""
    uses = _uses(system)
    signs = _signs(system, uses) if uses is not None else None
    if uses is None or signs is None:
        return None
    ground = len(system.sums)
    ends = tuple(_ends(each, signs, ground) for each in uses)
    return Network(ends, ground + 1)


Use = list[tuple[int, int]]
"""The sums that a quantity is in (two at most), and whether it is their total (-1) or a part (1)."""


def _uses(system: System) -> list[Use] | None:
    uses: list[Use] = [[] for _ in system.quantities]
    for at, each in enumerate(system.sums):
        uses[each.total].append((at, -1))
        for part in each.members[1:]:
            uses[part].append((at, 1))
    return None if any(len(use) > _ENDS for use in uses) else uses


def _signs(system: System, uses: Sequence[Use]) -> list[int] | None:
    """A sign for every sum such that each quantity enters one sum and leaves the other."""
    signs = [0] * len(system.sums)
    for start in range(len(system.sums)):
        queue = [] if signs[start] else [start]
        signs[start] = signs[start] or 1
        for at in queue:
            for place in system.sums[at].members:
                if len(uses[place]) == _ENDS:
                    (one, first), (two, second) = uses[place]
                    other, wanted = (two if one == at else one), -first * second * signs[at]
                    if not signs[other]:
                        signs[other] = wanted
                        queue.append(other)
                    elif signs[other] != wanted:
                        return None
    return signs


def _ends(use: Use, signs: Sequence[int], ground: int) -> Ends:
    """The sum that a quantity leaves and the one that it enters."""
    if not use:
        return None
    other = use[1][0] if len(use) == _ENDS else ground
    at, sign = use[0]
    return (at, other) if signs[at] * sign > 0 else (other, at)


class Islands:
    """A network in which what is hidden ties sums together: a target can be solved for when it is the only tie.

    Sums that hidden numbers tie together twice over cannot be told apart by anybody and count as one. Of the shown
    numbers between two such islands, only the cheapest matters.
    """

    def __init__(self, arcs: dict[int, tuple[int, int]], hidden: set[int], targets: frozenset[int]) -> None:
        self._arcs = arcs
        self._hidden = hidden
        self._targets = targets

    @classmethod
    def of(cls, network: Network, task: Task) -> Self:
        """The islands of a network with what is hidden already."""
        arcs = {place: arc for place, arc in enumerate(network.ends) if arc is not None}
        hidden = {place: arcs[place] for place in sorted(task.hidden) if place in arcs}
        ties = _single_ties(hidden)
        island = _islands({place: arc for place, arc in hidden.items() if place not in ties})
        kept = {place: _moved(arc, island) for place, arc in hidden.items() if place in ties}
        cheapest: dict[tuple[int, int], int] = {}
        between = {
            place: moved
            for place, arc in arcs.items()
            if (moved := _moved(arc, island))[0] != moved[1]
            and place not in task.hidden
            and task.costs[place] is not None
        }
        for place in sorted(between, key=lambda at: (task.costs[at] or 0, at)):
            a, b = between[place]
            if cheapest.setdefault((min(a, b), max(a, b)), place) == place:
                kept[place] = (a, b)
        return cls(kept, set(ties), task.targets)

    def copy(self) -> Self:
        """The same, to go on from in another way."""
        return type(self)(self._arcs, set(self._hidden), self._targets)

    def hide(self, place: int) -> None:
        """Hide one more."""
        self._hidden.add(place)

    def show(self, place: int) -> bool:
        """Show one again unless a target could then be solved for."""
        self._hidden.discard(place)
        if self._exposed():
            self._hidden.add(place)
            return False
        return True

    def gaps(self) -> list[list[int]]:
        """For each exposed target: the shown numbers that lead off the islands on either side of it."""
        return [
            [place for place, (a, b) in self._arcs.items() if place != target and (a in side) != (b in side)]
            for target in self._exposed()
            for side in self._sides(target)
        ]

    def _exposed(self) -> list[int]:
        return sorted(_single_ties({place: self._arcs[place] for place in self._hidden}) & self._targets)

    def _sides(self, target: int) -> list[set[int]]:
        near: dict[int, list[int]] = defaultdict(list)
        for place in self._hidden - {target}:
            a, b = self._arcs[place]
            near[a].append(b)
            near[b].append(a)
        return [_reached(end, near) for end in self._arcs[target]]


def _reached(start: int, near: Mapping[int, Sequence[int]]) -> set[int]:
    seen, queue = {start}, [start]
    for at in queue:
        fresh = [to for to in near.get(at, ()) if to not in seen]
        seen.update(fresh)
        queue.extend(fresh)
    return seen


def _moved(arc: tuple[int, int], island: Mapping[int, int]) -> tuple[int, int]:
    return island.get(arc[0], arc[0]), island.get(arc[1], arc[1])


def _islands(arcs: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """For each node that some arcs touch, one node that stands for all it is connected to."""
    near: dict[int, list[int]] = defaultdict(list)
    for a, b in arcs.values():
        near[a].append(b)
        near[b].append(a)
    island: dict[int, int] = {}
    for start in near:
        if start not in island:
            island.update(dict.fromkeys(_reached(start, near), start))
    return island


def _single_ties(arcs: Mapping[int, tuple[int, int]]) -> set[int]:
    """The arcs whose removal would part what they connect (bridges), found in one walk."""
    near: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, (a, b) in arcs.items():
        near[a].append((b, place))
        near[b].append((a, place))
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    ties: set[int] = set()
    for root in near:
        if root not in order:
            _walk_from(root, near, order, lowest, ties=ties)
    return ties


def _walk_from(
    root: int,
    near: Mapping[int, Sequence[tuple[int, int]]],
    order: dict[int, int],
    lowest: dict[int, int],
    *,
    ties: set[int],
) -> None:
    order[root] = lowest[root] = len(order)
    stack = [(root, -1, iter(near[root]))]
    while stack:
        at, by, rest = stack[-1]
        for to, place in rest:
            if to not in order:
                order[to] = lowest[to] = len(order)
                stack.append((to, place, iter(near[to])))
                break
            if place != by:
                lowest[at] = min(lowest[at], order[to])
        else:
            stack.pop()
            if stack:
                before = stack[-1][0]
                lowest[before] = min(lowest[before], lowest[at])
                if lowest[at] > order[before]:
                    ties.add(by)
