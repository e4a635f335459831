"""Rounding that adds up: every cell rounded alone, every total the sum of what is shown; or all of them together [P10].

Where the policy's rounding is controlled, cells and totals alike stay within the base of what was counted; where no such
numbers are found, they are rounded as under the others. Refuses to smooth over sums that contradict each other after rounding: such totals are reported, and are to be hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from output_checks.policy import Policy
from output_checks.suppress.controlled import controlled
from output_checks.suppress.system import Sum, System


@dataclass(frozen=True)
class Rounded:
    """What each quantity would show, and the totals that no single number can stand for."""

    values: tuple[int, ...]
    torn: frozenset[int]


def rounded(system: System, policy: Policy, before: Mapping[int, int] | None = None) -> Rounded:
    """The numbers to show for each quantity of a system, hidden or not; `before` is what some were shown as when they left."""
    counted = tuple(quantity.value for quantity in system.quantities)
    if policy.rounding == "none" and all(_adds_up(each, counted) for each in system.sums):
        return Rounded(counted, frozenset())
    together = controlled(system, policy, before or {}) if policy.rounding == "controlled" else None
    if together is not None:
        return Rounded(together, frozenset())
    work = _Work(system, policy)
    for place in range(len(system.quantities)):
        work.settle(place)
    return Rounded(tuple(work.values[place] for place in range(len(system.quantities))), work.torn())


def _adds_up(each: Sum, values: Sequence[int]) -> bool:
    return values[each.total] == sum(map(values.__getitem__, each.members[1:]))


class _Work:
    """Values settled so far. Totals wait for their parts; a total that waits for itself is rounded alone."""

    def __init__(self, system: System, policy: Policy) -> None:
        self.system = system
        self.policy = policy
        self.values: dict[int, int] = {}
        self.open: set[int] = set()
        self.first: dict[int, Sum] = {}
        for each in system.sums:
            self.first.setdefault(each.total, each)
        self.rests = {each.rest for each in system.sums}

    def settle(self, place: int) -> int:
        """The value of one quantity; what it depends on is settled before it."""
        if place not in self.values and place in self.open:
            return self.alone(place)
        if place not in self.values:
            self.open.add(place)
            self.values[place] = self._value(place)
        return self.values[place]

    def alone(self, place: int) -> int:
        """The quantity rounded by itself."""
        return self.policy.rounded(self.system.quantities[place].value)

    def _value(self, place: int) -> int:
        own = self.first.get(place)
        if own is None or place in own.parts:
            return self.alone(place)
        listed = sum(self.settle(part) for part in own.parts)
        if own.rest is None:
            return listed
        self.values[own.rest] = max(0, self.alone(place) - listed)
        return listed + self.values[own.rest]

    def torn(self) -> frozenset[int]:
        """Totals of several sums that rounding has made disagree."""
        found = set()
        for each in self.system.sums:
            gap = self.values[each.total] - sum(self.values[part] for part in each.parts)
            if each.rest is not None and gap >= 0:
                self.values[each.rest] = gap
            elif gap:
                found.add(each.total)
        return frozenset(found)
