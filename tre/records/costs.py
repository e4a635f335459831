"""What queries took among people who do not exist, kept by what was asked: known before the same is asked of real ones.

A key is of all that decides an action's result but the data, so whoever asks the same again, in whichever request, is told at
once. Refuses to keep how long anything took among real people: that says something of them [P1].
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import delete, insert, select

from tre.records.beside import REHEARSED, lay_out
from tre.records.database import noting, reading
from tre.records.ledger import Ledger

Took = Mapping[int, float]
"""Seconds, by how many made-up people were asked."""


class Costs:
    """What is known of what queries cost, beside one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """The costs beside that ledger; their table is laid out where it is not."""
        self._engine = ledger.engine
        lay_out(self._engine)

    def note(self, backend: str, took: Mapping[str, Took]) -> None:
        """Note how long queries took among made-up people of a backend, by key; the newest of each number of people counts."""
        rows = [
            {"backend": backend, "action_key": key, "people": people, "seconds": seconds}
            for key, each in took.items()
            for people, seconds in each.items()
        ]
        with noting(self._engine) as connection:
            for row in rows:
                same = (REHEARSED.c[name] == row[name] for name in ("backend", "action_key", "people"))
                connection.execute(delete(REHEARSED).where(*same))
                connection.execute(insert(REHEARSED), row)

    def of(self, backend: str, keys: Collection[str]) -> Mapping[str, Took]:
        """How long those queries took, where it is known."""
        query = select(REHEARSED).where(
            REHEARSED.c.backend == backend, REHEARSED.c.action_key.in_(tuple(keys))
        )
        found: dict[str, dict[int, float]] = defaultdict(dict)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found[row.action_key][row.people] = row.seconds
        return found
