"""What a health check says: well or ill, what it saw, and what to do. Refuses to hold a value from a row: words, names, counts of tables."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """What a check found; ``fix`` is what to do where it is ill."""

    check: str
    healthy: bool
    found: str
    fix: str = ""


def ill(found: Iterable[Found]) -> list[str]:
    """The names of the checks that found an illness."""
    return [each.check for each in found if not each.healthy]
