"""The tables beside the ledger that workers and maintainers write: claims, leases, faults, and the daybook.

They hold how work is shared out and what was done to the platform; never what happened to a case, which is the ledger's.
Every change to them is one of `STEPS`: a step only adds, so that a worker of the version before goes on beside one of the
version after. Refuses what `layout` refuses.
"""

from collections.abc import Sequence

from sqlalchemy import Column, Connection, Engine, Float, Integer, MetaData, Table, Text

from tre.records.database import writing
from tre.records.layout import Layout, Step, steps_taken

BESIDE = MetaData()

CLAIMS = Table(
    "claims",
    BESIDE,
    Column("case_id", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("token", Integer, primary_key=True, autoincrement=False),
    Column("worker", Text, nullable=False),
)
"""Who may end an action: the highest token counts. Rows are only added; the primary key is the compare in compare-and-append."""

LEASES = Table(
    "leases",
    BESIDE,
    Column("worker", Text, primary_key=True),
    Column("until", Float, nullable=False),
)
"""Until when a worker is taken to be alive, in seconds since 1970 by its own clock."""

FAULTS = Table(
    "faults",
    BESIDE,
    Column("case_id", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("again_at", Float, nullable=False),
)
"""Each time the platform failed an action: why, and when it may be tried again."""

MADE = Table(
    "made",
    BESIDE,
    Column("key", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("action", Text, nullable=False),
)
"""What was made of what: the first action that landed with a key over everything that decides its result."""

DAYBOOK = Table(
    "daybook",
    BESIDE,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
"""What was done to the platform, chained as the ledger is."""

REVIEW_CLAIMS = Table(
    "review_claims",
    BESIDE,
    Column("case_id", Text, primary_key=True),
    Column("checker", Text, primary_key=True),
    Column("until", Float, nullable=False),
)
"""Which checker is at which request, and until when others may take it that they are: a note on a door, not a lock."""

OUTBOX = Table(
    "outbox",
    BESIDE,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
)
"""What people are told, until it has left."""

OUTBOX_READ = Table("outbox_read", BESIDE, Column("position", Integer, primary_key=True, autoincrement=False))
"""Up to where the ledger has been taken in for it."""

SHARES = Table(
    "shares",
    BESIDE,
    Column("case_id", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("quarters", Integer, nullable=False),
)
"""How many quarters of a query that runs are done, as its worker last said; of people's data nothing finer is kept [P1]."""

ESTIMATES = Table(
    "estimates",
    BESIDE,
    Column("case_id", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("band", Text, nullable=False),
)
"""How long a query may take, in words, as an earlier version kept it: `rehearsed` has taken its place."""

REHEARSED = Table(
    "rehearsed",
    BESIDE,
    Column("backend", Text, primary_key=True),
    Column("action_key", Text, primary_key=True),
    Column("people", Integer, primary_key=True, autoincrement=False),
    Column("seconds", Float, nullable=False),
)
"""How long a query took among so many people who do not exist, by all that decides its result but the data."""

LAYOUT = steps_taken("beside_layout", BESIDE)
_LAYOUT = Layout(LAYOUT, writing, "the tables beside this ledger")


def _claims_and_daybook(connection: Connection) -> None:
    BESIDE.create_all(connection, tables=[CLAIMS, LEASES, FAULTS, MADE, DAYBOOK])


def _review_claims(connection: Connection) -> None:
    BESIDE.create_all(connection, tables=[REVIEW_CLAIMS])


def _outbox(connection: Connection) -> None:
    BESIDE.create_all(connection, tables=[OUTBOX, OUTBOX_READ])


def _shares_and_estimates(connection: Connection) -> None:
    BESIDE.create_all(connection, tables=[SHARES, ESTIMATES])


def _rehearsed(connection: Connection) -> None:
    BESIDE.create_all(connection, tables=[REHEARSED])


STEPS: tuple[Step, ...] = (_claims_and_daybook, _review_claims, _outbox, _shares_and_estimates, _rehearsed)
"""How these tables came to be, oldest first. A step adds a table, or a column with a default; it takes nothing away."""


def lay_out(engine: Engine, steps: Sequence[Step] | None = None) -> int:
    """Take the steps that this database has not taken yet, while others read and write; how many were taken.

    Args:
        engine: the ledger's database.
        steps: those of a version; without, this one's.

    Raises:
        LedgerRefused: a newer version of tre has been here, and took steps that this one does not know.
    """
    return _LAYOUT.lay_out(engine, STEPS if steps is None else steps)
