"""Which further numbers to hide so that the small ones cannot be computed from what is left.

Refuses to call a pattern safe by itself: the attacker decides, and what it can undo is hidden further until it cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from output_checks.policy import Policy
from output_checks.suppress.aim import Aim, Goal, aim_of, goals
from output_checks.suppress.attack import Attacker
from output_checks.suppress.covering import Costs, State, Task, cover
from output_checks.suppress.lift import above
from output_checks.suppress.network import Islands, Network, network_of
from output_checks.suppress.rounding import rounded
from output_checks.suppress.streets import Need, Streets
from output_checks.suppress.system import System
from output_checks.suppress.tableau import Tableau
from output_checks.suppress.thrift import Thrift

_PRUNED_BELOW = 20_000
_BRANCHES = 200
_FEW_BRANCHES = 4
_BRANCHED_BELOW = 300_000
_SOLVED_BELOW = 2_500_000


@dataclass(frozen=True)
class Pattern:
    """What is hidden in a system, the numbers that are shown, and the targets that could not be protected."""

    hidden: frozenset[int]
    values: tuple[int, ...]
    unprotected: frozenset[int]


def protect(system: System, primary: frozenset[int], policy: Policy) -> Pattern:
    """A pattern that hides the primaries, and whatever else is needed to keep them hidden."""
    shown = rounded(system, policy)
    small = {place for place in system.unshown if policy.is_small(system.quantities[place].value)}
    targets = primary | (small & frozenset(system.sums_of))
    needed = primary | system.unshown | system.blind | shown.torn | _misleading(system, shown.values, policy)
    chosen = _Choice(system, shown.values, targets, aim_of(policy))
    cheapest = chosen.unsolvable(needed)
    hidden, lost = chosen.until_protected(cheapest)
    if hidden != cheapest:
        hidden = chosen.pruned(hidden, needed, lost)
    return Pattern(hidden, shown.values, lost)


def _misleading(system: System, values: Sequence[int], policy: Policy) -> frozenset[int]:
    """Totals of many small numbers: large as counted, and small or nothing as the sum of what is shown."""
    shown = zip(system.quantities, values, strict=True)
    return frozenset(
        place
        for place, (quantity, value) in enumerate(shown)
        if not policy.is_small(quantity.value)
        and value != quantity.value
        and (policy.is_small(value) or not value)
    )


@dataclass(frozen=True)
class _Choice:
    """The choosing: always the cheapest numbers that help, where cheap means few people."""

    system: System
    values: Sequence[int]
    targets: frozenset[int]
    aim: Aim

    @cached_property
    def costs(self) -> Costs:
        """What it costs to hide each quantity; a zero is never hidden, since everybody knows that zeros are shown."""
        return [each.value or None for each in self.system.quantities]

    @cached_property
    def network(self) -> Network | None:
        """The system as a network, where it is one."""
        return network_of(self.system)

    @cached_property
    def streets(self) -> Streets | None:
        """The network with room to move in it."""
        room = [value - self.aim.floor for value in self.values]
        return Streets(self.network, self.costs, room) if self.network else None

    def unsolvable(self, hidden: frozenset[int]) -> frozenset[int]:
        """Hide the cheapest further numbers with which no sum, and no combination of sums, gives a target away.

        In tables of many dimensions that are too large to solve, every total above a target is hidden.
        """
        if self.network is None and len(self.system.sums) * len(self.values) > _SOLVED_BELOW:
            return hidden.union(*(above(self.system, target) for target in self.targets))
        task = Task(self.system, hidden, self.targets, self.costs)
        state: State = Islands.of(self.network, task) if self.network else Tableau.of(task)
        small = len(self.system.sums) * len(self.values) <= _BRANCHED_BELOW
        found = cover(state, self.costs, branches=_BRANCHES if self.network else _FEW_BRANCHES * small)
        return hidden | (found.added if found else frozenset())

    def until_protected(self, hidden: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """Hide beside every number that the attacker can still corner; what cannot be helped is given back too."""
        lost: set[int] = set()
        exposed = self.targets
        # Whoever is protected stays so when more is hidden: only the others are attacked again.
        while exposed := self._attack(hidden).recovered(exposed - lost):
            more: set[int] = set()
            for target in sorted(exposed, key=lambda target: (-self.values[target], target)):
                helped = self._room(target, hidden | more) - hidden - more
                helped = helped or self._beside(target, hidden | more)
                more |= helped
                lost |= set() if helped else {target}
            hidden |= more
        return hidden, frozenset(lost)

    def _room(self, target: int, hidden: frozenset[int]) -> frozenset[int]:
        """Further numbers with which the target can move as far as the policy asks; none where nothing is found."""
        found: set[int] = set()
        if self.streets is not None:
            for need in self._needs(target):
                found |= self.streets.cheapest(need, hidden | found) or set()
        elif self.thrift is not None:
            costs = [0 if place in hidden else cost or 0 for place, cost in enumerate(self.costs)]
            found |= self.thrift.room(target, self._goals(target), costs) or set()
        return frozenset(found)

    @cached_property
    def thrift(self) -> Thrift | None:
        """All tables with the same sums, for systems that are no network."""
        aim = self.aim
        return Thrift.of(self.system, self.values, self.costs, floor=aim.floor, unit=aim.unit)

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """How low and how high each quantity must be able to be, were it a target."""
        return goals(self.system, self.values, self.aim)

    def _goals(self, target: int) -> tuple[float, float]:
        """The goals of one target in units; whichever it passes already are where it is."""
        own, goal, unit = self.values[target], self.goals[target], self.aim.unit
        low = goal.low if self.aim.cover else own
        return min(own, low) / unit, max(own, goal.high) / unit

    def _needs(self, target: int) -> list[Need]:
        own, goal = self.values[target], self.goals[target]
        ways = [(1, goal.high - own), (-1, own - goal.low)] if self.aim.cover else [(1, self.aim.unit)]
        return [Need(target, way, amount) for way, amount in ways if amount > 0]

    def _beside(self, target: int, hidden: frozenset[int]) -> frozenset[int]:
        """The cheapest number in the sums of a target, and then in the sums of what is hidden there."""
        near = {
            member for at in self.system.sums_of.get(target, ()) for member in self.system.sums[at].members
        }
        wider = {
            member
            for place in near & hidden
            for at in self.system.sums_of.get(place, ())
            for member in self.system.sums[at].members
        }
        for places in (near, wider):
            free = [place for place in places if place not in hidden and self.costs[place] is not None]
            if free:
                return frozenset({min(free, key=lambda place: self._price(place, hidden))})
        return frozenset()

    def _price(self, place: int, hidden: frozenset[int]) -> tuple[bool, int, int, int]:
        """Enough to hide behind first; then what stands where other hidden numbers are alone; then few people."""
        alone = sum(
            sum(member in hidden for member in self.system.sums[at].members) == 1
            for at in self.system.sums_of.get(place, ())
        )
        return (self.values[place] < self.aim.high, -alone, self.values[place], place)

    def pruned(self, hidden: frozenset[int], needed: frozenset[int], lost: frozenset[int]) -> frozenset[int]:
        """Show again, dearest first, what turned out not to be needed; only where that is quick to find out."""
        added = sorted(hidden - needed, key=lambda place: -self.values[place])
        for place in added if len(added) * len(hidden) <= _PRUNED_BELOW else ():
            fewer = hidden - {place}
            if not self._attack(fewer).recovered(self.targets - lost):
                hidden = fewer
        return hidden

    def _attack(self, hidden: frozenset[int]) -> Attacker:
        return Attacker(self.system, self.values, hidden, self.aim)
