"""The accounts' tables. Refuses a column for a password, a code or a token that is not a hash; the second factor's key is the exception, and is sealed.

Every change to them is one of `STEPS`, as for the tables beside the ledger; see `tre.records.layout`.
"""

from collections.abc import Sequence

from sqlalchemy import Column, Connection, Engine, Index, Integer, MetaData, Table, Text

from tre.records.database import creating
from tre.records.layout import Layout, Step, steps_taken

ACCOUNTS = MetaData()

CREDENTIALS = Table(
    "account_credentials",
    ACCOUNTS,
    Column("person", Text, primary_key=True),
    Column("password", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
)

RECOVERY = Table(
    "account_recovery",
    ACCOUNTS,
    Column("person", Text, primary_key=True),
    Column("code", Text, primary_key=True),
)

INVITATIONS = Table(
    "account_invitations",
    ACCOUNTS,
    Column("code", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("expires", Integer, nullable=False),
)

SESSIONS = Table(
    "account_sessions",
    ACCOUNTS,
    Column("key", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("began", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("confirmed", Integer, nullable=False),
)

TOKENS = Table(
    "account_tokens",
    ACCOUNTS,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("person", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("made", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("used", Integer, nullable=False),
)

FAILURES = Table(
    "account_failures",
    ACCOUNTS,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Index("failures_of_a_key", "key", "at"),
)

DRAFTS = Table(
    "account_drafts",
    ACCOUNTS,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("about", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("saved", Integer, nullable=False),
)

SEEN = Table(
    "account_seen",
    ACCOUNTS,
    Column("person", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)

LINKS = Table(
    "account_links",
    ACCOUNTS,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("approved_by", Text, nullable=False),
    Column("at", Integer, nullable=False),
)
"""Which identity, vouched for by whom else, is which account here."""

BEGUN = Table(
    "account_begun",
    ACCOUNTS,
    Column("state", Text, primary_key=True),
    Column("browser", Text, nullable=False),
    Column("back", Text, nullable=False),
    Column("began", Integer, nullable=False),
    Column("again", Text, nullable=False),
)
"""Sign-ins that somebody has begun at the identity provider: digests, and the page to come back to."""

LAYOUT = steps_taken("account_layout", ACCOUNTS)
_LAYOUT = Layout(LAYOUT, creating, "the accounts' tables")


def _first(connection: Connection) -> None:
    """The tables as they were when steps began to be noted; a database of before has them, all or some, already."""
    ACCOUNTS.create_all(
        connection,
        tables=[
            CREDENTIALS,
            RECOVERY,
            INVITATIONS,
            SESSIONS,
            TOKENS,
            FAILURES,
            DRAFTS,
            SEEN,
            LINKS,
            BEGUN,
        ],
    )


STEPS: tuple[Step, ...] = (_first,)
"""How these tables came to be, oldest first. A step adds a table, or a column with a default; it takes nothing away."""


def lay_out(engine: Engine, steps: Sequence[Step] | None = None) -> int:
    """Take the steps of a version, or of this one, that the accounts' database has not taken yet; how many were taken.

    Raises:
        LedgerRefused: a newer version of tre has been here, and took steps that this one does not know.
    """
    return _LAYOUT.lay_out(engine, STEPS if steps is None else steps)
