"""What protection means: which numbers an attacker must not be able to exclude for a hidden one.

Refuses to ask for the impossible: where a total has five parts that everybody knows are not zero, nobody can be kept
from knowing that it is at least five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from output_checks.policy import Policy
from output_checks.suppress.system import System


@dataclass(frozen=True)
class Aim:
    """A hidden number can be as low as `low` and as high as `high`; without `cover`, it can be two numbers.

    `floor` is what everybody knows a hidden number to reach, and `unit` what shown numbers are multiples of.
    """

    floor: int
    low: int
    high: int
    unit: int = 1
    cover: bool = True


@dataclass(frozen=True)
class Goal:
    """How low and how high one hidden number must be able to be."""

    low: int
    high: int


def aim_of(policy: Policy) -> Aim:
    """What a policy asks of the attacker's ignorance, in numbers as they are shown."""
    lowest = 0 if policy.zero_is_small else 1
    unit = policy.rounding_base if policy.rounding in ("nearest", "controlled") else 1
    low, high = policy.rounded(lowest), policy.rounded(policy.small_max)
    if policy.interval == "exact":
        return Aim(floor=0, low=low, high=high, unit=unit, cover=False)
    return Aim(floor=low, low=low, high=high, unit=unit)


def goals(system: System, values: Sequence[int], aim: Aim) -> tuple[Goal, ...]:
    """The goal of every quantity of a system, were it a target."""
    if not aim.cover:
        return tuple(Goal(value - aim.unit, value + aim.unit) for value in values)
    least = _least(system, aim)
    return tuple(
        Goal(low := max(aim.low, each), max(aim.high, low + aim.unit * (each > aim.low))) for each in least
    )


def _least(system: System, aim: Aim) -> list[int]:
    """The least that each quantity can be believed to be, given which numbers are shown as zero."""
    least = [aim.floor if each.value else 0 for each in system.quantities]
    for _ in range(len(system.sums)):
        changed = False
        for each in system.sums:
            parts = sum(least[part] for part in each.parts)
            if parts > least[each.total] and system.quantities[each.total].value:
                least[each.total], changed = parts, True
        if not changed:
            break
    return least
