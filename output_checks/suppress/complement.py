"""Which further numbers to hide so that the small ones cannot be computed from what is left.

Refuses to call a pattern safe by itself: the attacker decides, and what it can undo is hidden further until it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from output_checks.audit import Published, exposed
from output_checks.policy import Policy
from output_checks.suppress.aim import Aim, Goal, aim_of, goals
from output_checks.suppress.changes import Changes
from output_checks.suppress.covering import Costs, State, Task, cover
from output_checks.suppress.network import Islands, Network, network_of
from output_checks.suppress.rounding import rounded
from output_checks.suppress.streets import Need, Streets
from output_checks.suppress.system import System
from output_checks.suppress.tableau import Tableau

_PRUNED_BELOW = 20_000
_BRANCHES = 200
_FEW_BRANCHES = 4
_BRANCHED_BELOW = 300_000
_SOLVED_BELOW = 2_500_000
_LOTS = 3


@dataclass(frozen=True)
class Pattern:
    """What is hidden in a system, the numbers that are shown, and the targets that could not be protected."""

    hidden: frozenset[int]
    values: tuple[int, ...]
    unprotected: frozenset[int]


def protect(
    system: System, primary: frozenset[int], policy: Policy, before: Mapping[int, int] | None = None
) -> Pattern:
    """A pattern that hides the primaries, and whatever else is needed to keep them hidden.

    `before` is what some quantities were shown as when they left.
    """
    chosen = choice(system, primary, policy, before)
    cheapest = chosen.unsolvable()
    hidden, lost = chosen.until_protected(cheapest)
    if hidden != cheapest:
        hidden = chosen.pruned(hidden, lost)
    return Pattern(hidden, tuple(chosen.values), lost)


def choice(
    system: System, primary: frozenset[int], policy: Policy, before: Mapping[int, int] | None = None
) -> Choice:
    """What has to be chosen: the numbers as they would be shown, what is hidden in any case, and what is protected."""
    shown = rounded(system, policy, before)
    small = {place for place in system.unshown if policy.is_small(system.quantities[place].value)}
    targets = primary | frozenset(place for place in small if place in system.sums_of)
    telling = _telling(system, primary | small, policy)
    needed = (
        primary
        | system.unshown
        | system.blind
        | shown.torn
        | _misleading(system, shown.values, policy)
        | telling
    )
    return Choice(system, shown.values, needed, targets, aim_of(policy))


def _misleading(system: System, values: Sequence[int], policy: Policy) -> frozenset[int]:
    """Totals of many small numbers: large as counted, and small or nothing as the sum of what is shown."""
    shown = zip(system.quantities, values, strict=True)
    return frozenset(
        place
        for place, (quantity, value) in enumerate(shown)
        if value != quantity.value
        and not policy.is_small(quantity.value)
        and (policy.is_small(value) or not value)
    )


def _telling(system: System, few: frozenset[int], policy: Policy) -> frozenset[int]:
    """Totals over several hidden numbers, all small, that together are nearly as large as small ones can be.

    Whoever knows what is hidden for being small knows then that each of them is: 27 is three times 9. Rounding blurs that.
    """
    if policy.rounding != "none" or policy.interval != "cover":
        return frozenset()
    found = set()
    for each in system.sums:
        hidden = [system.quantities[part].value for part in each.members[1:] if part in few]
        least = sum(hidden) - (len(hidden) - 1) * policy.small_max
        if len(hidden) > 1 and each.total not in few and 2 * least > policy.small_max:
            found.add(each.total)
    return frozenset(found)


@dataclass(frozen=True)
class Choice:
    """The choosing: always the cheapest numbers that help, where cheap means few people."""

    system: System
    values: Sequence[int]
    needed: frozenset[int]
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

    def unsolvable(self) -> frozenset[int]:
        """Hide the cheapest further numbers with which no sum, and no combination of sums, gives a target away."""
        proposals = [self.needed | each for each in self._covers() if each is not None]
        if self.network is None and len(self.system.sums) * len(self.values) > _BRANCHED_BELOW:
            proposals += self._by_lot(min(proposals, key=self._cost, default=None))
        return min(proposals, key=self._cost, default=self.needed)

    def _covers(self) -> Iterator[frozenset[int] | None]:
        """A cover found by raising prices, where the matrix for that is not too large."""
        size = len(self.system.sums) * len(self.values)
        if self.network is not None:
            task = Task(self.system, self.needed, self.targets, self.costs)
            yield self._cover(Islands.of(self.network, task), _BRANCHES)
        elif size <= _SOLVED_BELOW:
            task = Task(self.system, self.needed, self.targets, self.costs)
            yield self._cover(Tableau.of(task), _FEW_BRANCHES * (size <= _BRANCHED_BELOW))

    def _cover(self, state: State, branches: int) -> frozenset[int] | None:
        found = cover(state, self.costs, branches=branches)
        return found.added if found else None

    def _by_lot(self, best: frozenset[int] | None) -> Iterator[frozenset[int]]:
        """Covers of which all targets change together, some up and some down; each lot is drawn from the one before."""
        free = best if best is not None else frozenset(range(len(self.values)))
        for lot in range(_LOTS):
            signs = self.changes.signs(free, self.targets, lot)
            found = self.changes.together(signs, self.needed)
            if found is None:
                return
            free = self._thinned(self.needed | found)
            yield free

    def _thinned(self, hidden: frozenset[int]) -> frozenset[int]:
        """Show again, dearest first, what can be shown without a target being solved for."""
        costs = [cost if place in hidden else None for place, cost in enumerate(self.costs)]
        tableau = Tableau.of(Task(self.system, hidden, self.targets, costs))
        added = sorted(hidden - self.needed, key=lambda place: (-self._cost({place}), place))
        return hidden - {place for place in added if tableau.show(place)}

    def _cost(self, hidden: Iterable[int]) -> int:
        return sum(self.costs[place] or 0 for place in hidden)

    def until_protected(self, hidden: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """Hide beside every number that the attacker can still corner; what cannot be helped is given back too."""
        lost: set[int] = set()
        open_ones = self.targets
        # Whoever is protected stays so when more is hidden: only the others are attacked again.
        while open_ones := self._exposed(hidden, open_ones - lost):
            more: set[int] = set()
            for target in sorted(open_ones, key=lambda target: (-self.values[target], target)):
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
        else:
            for need in self._needs(target):
                amount = need.way * need.amount / self.aim.unit
                found |= self.changes.room(target, amount, hidden | found) or set()
        return frozenset(found)

    @cached_property
    def changes(self) -> Changes:
        """All changes that leave the sums as they are, in units."""
        unit, floor = self.aim.unit, self.aim.floor
        costs = [0 if place in self.needed else cost for place, cost in enumerate(self.costs)]
        return Changes(self.system, costs, [(value - floor) / unit for value in self.values])

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """How low and how high each quantity must be able to be, were it a target."""
        return goals(self.system, self.values, self.aim)

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

    def pruned(self, hidden: frozenset[int], lost: frozenset[int]) -> frozenset[int]:
        """Show again, dearest first, what turned out not to be needed; only where that is quick to find out."""
        added = sorted(hidden - self.needed, key=lambda place: -self.values[place])
        for place in added if len(added) * len(hidden) <= _PRUNED_BELOW else ():
            fewer = hidden - {place}
            if not self._exposed(fewer, self.targets - lost):
                hidden = fewer
        return hidden

    def _exposed(self, hidden: frozenset[int], targets: frozenset[int]) -> frozenset[int]:
        return exposed(Published(self.system, self.values, hidden), targets, self.aim)
