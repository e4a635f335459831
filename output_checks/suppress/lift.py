"""The simplest other table: one hidden number higher or lower, and every total above it with it.

Works where every total above is hidden too, in tables of any size. Refuses to guess: a lift that does not leave every
sum as it is, or that touches a number that is shown, is no lift.
"""

from __future__ import annotations

from output_checks.suppress.system import System


def above(system: System, place: int) -> frozenset[int]:
    """Every total that counts a quantity, through any number of sums."""
    found: set[int] = set()
    queue = [place]
    while queue:
        at = queue.pop()
        totals = {
            system.sums[each].total
            for each in system.sums_of.get(at, ())
            if at in system.sums[each].members[1:]
        }
        queue.extend(totals - found)
        found |= totals
    return frozenset(found)


def lift(system: System, place: int, hidden: frozenset[int]) -> frozenset[int] | None:
    """The hidden quantities that can all rise or fall together by one with this one; None where they cannot."""
    moved = _below(system, place, hidden) | {place}
    for each in sorted(moved):
        moved |= above(system, each)
    return frozenset(moved) if moved <= hidden and _holds(system, moved) else None


def _below(system: System, place: int, hidden: frozenset[int]) -> set[int]:
    """For a total, a hidden inner number that it counts, and the totals between: the largest, which can fall furthest."""
    parts = [
        part
        for each in system.sums_of.get(place, ())
        if system.sums[each].total == place
        for part in system.sums[each].members[1:]
        if part in hidden
    ]
    if not parts:
        return set()
    best = max(parts, key=lambda part: (system.quantities[part].value, part))
    return {best} | _below(system, best, hidden)


def _holds(system: System, moved: set[int]) -> bool:
    touched = {at for place in moved for at in system.sums_of.get(place, ())}
    return all(
        (system.sums[at].total in moved) == (sum(part in moved for part in system.sums[at].members[1:]) == 1)
        and sum(part in moved for part in system.sums[at].members[1:]) <= 1
        for at in touched
    )
