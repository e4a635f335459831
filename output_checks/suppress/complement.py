"""Which further numbers to hide so that the small ones cannot be computed from what is left.

Refuses to call a pattern safe by itself: the attacker decides, and what it can undo is hidden further until it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from output_checks.policy import Policy
from output_checks.suppress.attack import Aim, Attacker
from output_checks.suppress.rounding import rounded
from output_checks.suppress.system import System

_PRUNED_BELOW = 60


@dataclass(frozen=True)
class Pattern:
    """What is hidden in a system, the numbers that are shown, and the targets that could not be protected."""

    hidden: frozenset[int]
    values: tuple[int, ...]
    unprotected: frozenset[int]


def aim_of(policy: Policy) -> Aim:
    """What a policy asks of the attacker's ignorance, in numbers as they are shown."""
    lowest = 0 if policy.zero_is_small else 1
    unit = policy.rounding_base if policy.rounding == "nearest" else 1
    low, high = policy.rounded(lowest), policy.rounded(policy.small_max)
    return Aim(floor=low, low=low, high=high, unit=unit, cover=policy.interval == "cover")


def protect(system: System, primary: frozenset[int], policy: Policy) -> Pattern:
    """A pattern that hides the primaries, and whatever else is needed to keep them hidden."""
    shown = rounded(system, policy)
    small = {place for place in system.unshown if policy.is_small(system.quantities[place].value)}
    targets = primary | (small & frozenset(system.sums_of))
    needed = primary | system.unshown | system.blind | shown.torn | _misleading(system, shown.values, policy)
    chosen = _Choice(system, shown.values, targets, aim_of(policy))
    hidden, lost = chosen.until_protected(chosen.closed(needed))
    return Pattern(chosen.pruned(hidden, needed, lost), shown.values, lost)


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
    """The choosing: always the cheapest number that helps, where cheap means few people."""

    system: System
    values: Sequence[int]
    targets: frozenset[int]
    aim: Aim

    def closed(self, hidden: frozenset[int]) -> frozenset[int]:
        """Hide on until no sum has one hidden number alone that must stay hidden."""
        must = set(self.targets) | (hidden - self.system.unshown)
        grown = set(hidden)
        queue = [at for place in must for at in self.system.sums_of.get(place, ())]
        while queue:
            at = queue.pop()
            members = self.system.sums[at].members
            inside = [place for place in members if place in grown]
            if len(inside) != 1 or inside[0] not in must:
                continue
            partner = self._cheapest(members, grown)
            if partner is not None:
                grown.add(partner)
                must.add(partner)
                queue.extend(self.system.sums_of[partner])
        return frozenset(grown)

    def until_protected(self, hidden: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """Hide beside every number that the attacker can still corner; what cannot be helped is given back too."""
        lost: set[int] = set()
        while exposed := self._attack(hidden).recovered(self.targets - lost):
            more: set[int] = set()
            for target in sorted(exposed):
                nearby = [
                    p for at in self.system.sums_of.get(target, ()) for p in self.system.sums[at].members
                ]
                partner = self._cheapest(nearby, hidden | more)
                more |= {partner} if partner is not None else set()
                lost |= {target} if partner is None else set()
            hidden = self.closed(hidden | more)
        return hidden, frozenset(lost)

    def pruned(self, hidden: frozenset[int], needed: frozenset[int], lost: frozenset[int]) -> frozenset[int]:
        """Show again, dearest first, what turned out not to be needed; only where that is quick to find out."""
        added = sorted(hidden - needed, key=lambda place: -self.values[place])
        for place in added if len(added) <= _PRUNED_BELOW else ():
            fewer = hidden - {place}
            if not self._attack(fewer).recovered(self.targets - lost):
                hidden = fewer
        return hidden

    def _attack(self, hidden: frozenset[int]) -> Attacker:
        return Attacker(self.system, self.values, hidden, self.aim)

    def _cheapest(self, members: Iterable[int], hidden: set[int] | frozenset[int]) -> int | None:
        free = [place for place in members if place not in hidden and self.system.quantities[place].value > 0]
        return min(free, key=lambda place: self._price(place, hidden), default=None)

    def _price(self, place: int, hidden: set[int] | frozenset[int]) -> tuple[bool, int, int, int]:
        """Enough to hide behind first; then what stands where other hidden numbers are alone; then few people."""
        alone = sum(
            1
            for at in self.system.sums_of.get(place, ())
            if sum(member in hidden for member in self.system.sums[at].members) == 1
        )
        return (self.values[place] < self.aim.high, -alone, self.values[place], place)
