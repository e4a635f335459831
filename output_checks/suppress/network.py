"""Tables of two dimensions as networks: every number an arc, every sum a node, every way to change the table a cycle.

A hidden number can be solved for exactly when it lies on no cycle of hidden numbers. Refuses systems that are no
network (more than two dimensions with all their totals): for those `network_of` gives None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from output_checks.suppress.covering import Task
from output_checks.suppress.system import System

_ENDS = 2
Step = tuple[int, int, int]
"""From a node: the node that is reached, the quantity that changes, and whether it grows (1) or shrinks (-1)."""


@dataclass(frozen=True)
class Network:
    """Where each quantity's arc begins and ends (None for one in no sum), and the steps from every node."""

    ends: tuple[tuple[int, int] | None, ...]
    steps: tuple[tuple[Step, ...], ...]


def network_of(system: System) -> Network | None:
    """The network of a system, or None where it is none."""
    if any(len(places) > _ENDS for places in system.sums_of.values()):
        return None
    signs = _signs(system)
    if signs is None:
        return None
    ends = tuple(_ends(system, signs, place) for place in range(len(system.quantities)))
    steps: list[list[Step]] = [[] for _ in range(len(system.sums) + 1)]
    for place, arc in enumerate(ends):
        if arc is not None:
            steps[arc[0]].append((arc[1], place, 1))
            steps[arc[1]].append((arc[0], place, -1))
    return Network(ends, tuple(map(tuple, steps)))


def _coefficient(system: System, at: int, place: int) -> int:
    return -1 if system.sums[at].total == place else 1


def _signs(system: System) -> dict[int, int] | None:
    """A sign for every sum such that each quantity enters one sum and leaves the other."""
    neighbours: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, sums in system.sums_of.items():
        if len(sums) == _ENDS:
            turn = -_coefficient(system, sums[0], place) * _coefficient(system, sums[1], place)
            neighbours[sums[0]].append((sums[1], turn))
            neighbours[sums[1]].append((sums[0], turn))
    signs: dict[int, int] = {}
    for start in range(len(system.sums)):
        queue = [] if start in signs else [start]
        signs.setdefault(start, 1)
        while queue:
            at = queue.pop()
            for other, turn in neighbours[at]:
                if other not in signs:
                    signs[other] = signs[at] * turn
                    queue.append(other)
                elif signs[other] != signs[at] * turn:
                    return None
    return signs


def _ends(system: System, signs: dict[int, int], place: int) -> tuple[int, int] | None:
    ground = len(system.sums)
    sums = system.sums_of.get(place, ())
    leaves = [at for at in sums if signs[at] * _coefficient(system, at, place) > 0]
    enters = [at for at in sums if at not in leaves]
    return ((leaves or [ground])[0], (enters or [ground])[0]) if sums else None


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
        shown = (at for at in arcs if at not in task.hidden and task.costs[at] is not None)
        for place in sorted(shown, key=lambda at: (task.costs[at] or 0, at)):
            a, b = _moved(arcs[place], island)
            if a != b and cheapest.setdefault((min(a, b), max(a, b)), place) == place:
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
