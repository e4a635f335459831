"""What a health check says: well or ill, what it saw, and what to do. Refuses to hold a value from a row: words, names, counts of tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """What a check found; ``fix`` is what to do where it is ill."""

    check: str
    healthy: bool
    found: str
    fix: str = ""


def noted(found: Sequence[Found]) -> dict[str, bool | list[str]]:
    """What is kept of a look in the daybook: what was looked at, what was ill, what it said, and what to do."""
    bad = [each for each in found if not each.healthy]
    return {
        "healthy": not bad,
        "looked": [each.check for each in found],
        "ill": [each.check for each in bad],
        "said": [f"{each.check}: {each.found}" for each in bad],
        "fix": [f"{each.check}: {each.fix}" for each in bad],
    }


def ill(found: Iterable[Found]) -> list[str]:
    """The names of the checks that found an illness."""
    return [each.check for each in found if not each.healthy]
