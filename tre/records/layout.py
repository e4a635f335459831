"""Tables that come to be in steps: one version of tre works beside the version before it and the version after.

A step adds a table, or a column with a default; it takes nothing away. Refuses to take a step twice, and to open tables that
a newer version has laid out in a way not known here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, insert, inspect, select

from tre.records.database import Session, reading
from tre.records.errors import LedgerRefused

Step = Callable[[Connection], None]


@dataclass(frozen=True)
class Layout:
    """Some tables of one database, and how they came to be.

    Attributes:
        taken: where each step that was taken is noted.
        writing: opens a session that nobody else takes steps in meanwhile.
        what: the tables, as in a sentence that refuses a newer version's.
    """

    taken: Table
    writing: Callable[[Engine], Session]
    what: str

    def lay_out(self, engine: Engine, steps: Sequence[Step]) -> int:
        """Take the steps that this database has not taken yet, while others read and write; how many were taken.

        Raises:
            LedgerRefused: a newer version of tre has been here, and took steps that this one does not know.
        """
        with reading(engine) as connection:
            if self._taken(connection) == len(steps):
                return 0
        with self.writing(engine) as connection:
            self.taken.create(connection, checkfirst=True)
            taken = self._taken(connection)
            if taken > len(steps):
                raise self._newer()
            for number, step in enumerate(steps[taken:], start=taken + 1):
                step(connection)
                connection.execute(insert(self.taken), {"step": number})
            return len(steps) - taken

    def _taken(self, connection: Connection) -> int:
        if not inspect(connection).has_table(self.taken.name):
            return 0
        return len(connection.execute(select(self.taken.c.step)).all())

    def _newer(self) -> LedgerRefused:
        return LedgerRefused(
            "layout-newer",
            f"A newer version of tre has changed {self.what}.",
            fix="Bring this host to the same version; what they hold is as it was.",
        )


def steps_taken(name: str, tables: MetaData) -> Table:
    """The table of that name in which steps are noted."""
    return Table(name, tables, Column("step", Integer, primary_key=True, autoincrement=False))
