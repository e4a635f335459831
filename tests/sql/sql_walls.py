"""The table of attacks on SQL and what stops each: read from `walls.txt`, for the tests and for the page of the docs."""

from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).parent / "walls.txt"
CALMED = "calmed"


class Attack(NamedTuple):
    """One attack: its place in the notes, the guard's rule, what the engine says without a guard, whether the lock holds."""

    place: str
    guard: str
    engine: str
    locked: bool
    sql: str

    @property
    def by_class(self) -> bool:
        """Whether the engine runs it and says no more than an error's class."""
        return " " not in self.engine


def attacks() -> tuple[Attack, ...]:
    """Every row of the table."""
    lines = (line for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    rows = ([part.strip() for part in line.split(" | ", 4)] for line in lines)
    return tuple(
        Attack(place, guard, engine, lock == "lock", sql) for place, guard, engine, lock, sql in rows
    )
