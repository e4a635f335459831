"""Room to move in a network: the cheapest further numbers to hide so that a hidden one can be far enough from itself.

A cycle of hidden numbers through a target lets it move by as much as the numbers on the cycle that shrink can shrink.
The cheapest such cycle is a shortest path. Refuses to combine several cycles: one must be enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from output_checks.suppress.network import Network


@dataclass(frozen=True)
class Need:
    """How far a target must be able to move, and which way."""

    target: int
    way: int
    amount: int


@dataclass(frozen=True)
class Streets:
    """A network with what each quantity costs to hide, and how far it can shrink."""

    network: Network
    costs: Sequence[int | None]
    room: Sequence[int]

    def cheapest(self, need: Need, hidden: Iterable[int]) -> frozenset[int] | None:
        """The cheapest quantities to hide besides so that the need is met; empty if it is; None if nothing helps."""
        arc = self.network.ends[need.target]
        if arc is None:
            return frozenset()
        start, goal = (arc[1], arc[0]) if need.way > 0 else arc
        free = hidden if isinstance(hidden, set | frozenset) else frozenset(hidden)
        quick = self._walk(start, goal, need, free)
        return frozenset() if quick else self._search(start, goal, need, free)

    def _walk(self, start: int, goal: int, need: Need, hidden: Iterable[int]) -> bool:
        """Whether hidden numbers alone already meet the need."""
        seen, queue = {start}, [start]
        for at in queue:
            for to, place, way in self.network.steps[at]:
                if to not in seen and place in hidden and self._passable(place, way, need):
                    if to == goal:
                        return True
                    seen.add(to)
                    queue.append(to)
        return False

    def _passable(self, place: int, way: int, need: Need) -> bool:
        return place != need.target and (way > 0 or self.room[place] >= need.amount)

    def _search(self, start: int, goal: int, need: Need, hidden: Iterable[int]) -> frozenset[int] | None:
        best, came = {start: 0}, dict[int, tuple[int, int]]()
        heap = [(0, start)]
        while heap:
            far, at = heappop(heap)
            if at == goal:
                return self._trail(came, start, goal) - frozenset(hidden)
            if far > best[at]:
                continue
            for to, place, way in self.network.steps[at]:
                price = 0 if place in hidden else self.costs[place]
                if price is None or not self._passable(place, way, need):
                    continue
                total = far + price
                if total < best.get(to, total + 1):
                    best[to], came[to] = total, (at, place)
                    heappush(heap, (total, to))
        return None

    @staticmethod
    def _trail(came: dict[int, tuple[int, int]], start: int, goal: int) -> frozenset[int]:
        trail, at = set(), goal
        while at != start:
            at, place = came[at]
            trail.add(place)
        return frozenset(trail)
