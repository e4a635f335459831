"""The one place that knows which database it is: how to connect, how to begin a write, how to forbid a change.

Everything else in the room is SQLAlchemy Core in words every database understands. Refuses a database it was not taught,
a ledger in memory, and a connection whose durability it could not set.
"""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from tre.records.durable import sync
from tre.records.errors import LedgerRefused, LedgerUnavailable
from tre.records.remote import VERIFIED, server_is_private

BUSY_SECONDS = 30
"""How long a write waits for another write to finish before it gives up."""

_WRITES = "tre_writes"

# Durable whatever the role's own setting; a site that asks for more than `on` keeps it.
_POSTGRESQL_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)
_POSTGRESQL_HOLD = "LOCK TABLE events IN EXCLUSIVE MODE"
# Before there is a table to lock. The number is ours alone: "tre ledg" in ASCII.
_POSTGRESQL_HOLD_CREATION = "SELECT pg_advisory_xact_lock(8390880604174246759)"

# The one driver that is installed; what the bare name means to SQLAlchemy depends on its version.
_POSTGRESQL_NAMES = ("postgresql", "postgresql+psycopg")

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
)

# INSERT OR REPLACE deletes rows without asking a DELETE trigger, so the INSERT trigger stands in its way as well.
_SQLITE_GUARDS = {
    "events_never_change": """
        CREATE TRIGGER events_never_change BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    "events_never_go": """
        CREATE TRIGGER events_never_go BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    "events_come_in_order": """
        CREATE TRIGGER events_come_in_order BEFORE INSERT ON events
        WHEN NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM events)
          OR EXISTS (SELECT 1 FROM events WHERE case_id = NEW.case_id AND seq >= NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
}

_POSTGRESQL_REFUSAL = """
    CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"""

_POSTGRESQL_ORDER = """
    CREATE FUNCTION ledger_comes_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM events)
         OR EXISTS (SELECT 1 FROM events WHERE case_id = NEW.case_id AND seq >= NEW.seq)
      THEN RAISE EXCEPTION 'the ledger is append-only'; END IF;
      RETURN NEW;
    END $$"""

_POSTGRESQL_GUARDS = {
    "events_never_change": """
        CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON events
        FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()""",
    "events_never_go": """
        CREATE TRIGGER events_never_go BEFORE TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()""",
    "events_come_in_order": """
        CREATE TRIGGER events_come_in_order BEFORE INSERT ON events
        FOR EACH ROW EXECUTE FUNCTION ledger_comes_in_order()""",
}

GUARDS = frozenset(_SQLITE_GUARDS)
"""The names of the triggers that a ledger has, whatever its database."""


def parse_url(untrusted_url: str) -> URL:
    """A URL of a database that a ledger can be kept in.

    Raises:
        LedgerRefused: it is not a URL, not SQLite in a file, and not PostgreSQL; or a server elsewhere would be spoken to
            in the clear, or without knowing that it is the one.
    """
    try:
        url = make_url(untrusted_url)
    except ArgumentError as error:
        raise _unsupported() from error
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:" and not url.query:
        return url
    if url.drivername in _POSTGRESQL_NAMES:
        if not server_is_private(url, os.environ.get("PGHOST", "")):
            raise _not_private()
        return url.set(drivername="postgresql+psycopg")
    raise _unsupported()


def connect(url: URL) -> Engine:
    """An engine whose every connection is durable and whose writes wait their turn."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_pre_ping=True)


def file_of(url: URL) -> Path | None:
    """The file that an SQLite ledger is in; ``None`` where a server keeps it."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def create_file(path: Path) -> None:
    """An empty private file for a new SQLite ledger, durable in its folder before anything is written to it."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    sync(path.parent)


class Session:
    """A connection for the length of a ``with`` block, inside one transaction of the database.

    It commits at the end of the block and rolls everything back on any exception. What a driver says is turned into what
    we say, because its messages may quote statements and parameters; every other exception comes out as it is. (Written
    as a class: `contextlib` writes on the exceptions it passes on, and a refusal may be frozen.)

    Raises:
        LedgerUnavailable: the database did not answer, has no room, or waited too long.
    """

    def __init__(self, engine: Engine, *, writes: bool, hold: str = "") -> None:
        self._engine = engine
        self._writes = writes
        self._hold = hold

    @property
    def engine(self) -> Engine:
        """The database that it is a session of."""
        return self._engine

    def __enter__(self) -> Connection:
        try:
            self._connection = self._engine.connect().execution_options(**self._options())
            self._begin()
        except DBAPIError as error:
            raise _unavailable() from error
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._connection.rollback() if error else self._connection.commit()
            self._connection.close()
        except DBAPIError as failure:
            raise _unavailable() from failure
        if isinstance(error, DBAPIError):
            raise _unavailable() from error

    def _options(self) -> dict[str, Any]:
        if self._writes or self._engine.dialect.name != "postgresql":
            return {_WRITES: self._writes}
        # Otherwise each statement would see a snapshot of its own.
        return {_WRITES: False, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def _begin(self) -> None:
        try:
            self._connection.begin()
            if self._writes and self._engine.dialect.name == "postgresql":
                self._hold_postgresql()
        except BaseException:
            self._connection.close()
            raise

    def _hold_postgresql(self) -> None:
        patience = f"SET LOCAL lock_timeout = {int(BUSY_SECONDS * 1000)}"
        for statement in (patience, _POSTGRESQL_DURABLE, *([self._hold] if self._hold else [])):
            self._connection.exec_driver_sql(statement)


def reading(engine: Engine) -> Session:
    """A session that reads one snapshot and writes nothing."""
    return Session(engine, writes=False)


def writing(engine: Engine) -> Session:
    """A session that holds the ledger for writing from its first moment: what it reads cannot change under it."""
    return Session(engine, writes=True, hold=_POSTGRESQL_HOLD)


def creating(engine: Engine) -> Session:
    """As `writing`, before there is anything to lock."""
    return Session(engine, writes=True, hold=_POSTGRESQL_HOLD_CREATION)


def noting(engine: Engine) -> Session:
    """A session that writes beside the ledger, and keeps nobody who writes to the ledger waiting where it can."""
    return Session(engine, writes=True)


def put_up_guards(connection: Connection) -> None:
    """Make the database itself refuse to change or delete an event, or to take one out of order [P13]."""
    if connection.dialect.name == "postgresql":
        statements = (_POSTGRESQL_REFUSAL, _POSTGRESQL_ORDER, *_POSTGRESQL_GUARDS.values())
    else:
        statements = tuple(_SQLITE_GUARDS.values())
    for statement in statements:
        connection.exec_driver_sql(statement)


def standing_guards(connection: Connection) -> frozenset[str]:
    """The names of the guards that stand now, enabled for every session that writes."""
    if connection.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'events'::regclass AND tgenabled IN ('O', 'A')"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
    return GUARDS & {row[0] for row in connection.exec_driver_sql(query)}


def _set_up_sqlite(raw: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite says which kind.
    raw.isolation_level = None
    # Text that is not UTF-8 must come out, so that the walk can say at which position it stands.
    raw.text_factory = _text_or_escapes
    cursor = raw.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _text_or_escapes(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _unavailable() -> LedgerUnavailable:
    return LedgerUnavailable(
        "ledger-unavailable",
        "The ledger's database did not do what it was asked; nothing was written.",
        fix="See that it is reachable, not locked by another program, and has room on its disk; then try again.",
    )


def _unsupported() -> LedgerRefused:
    return LedgerRefused(
        "database-not-supported",
        "A ledger is kept in an SQLite file or in PostgreSQL, and this URL names neither.",
        fix="Write sqlite:////folder/ledger.db or postgresql+psycopg://host/database.",
    )


def _not_private() -> LedgerRefused:
    return LedgerRefused(
        "ledger-not-private",
        "The ledger's server is on another host, and the connection to it would not be encrypted and verified.",
        fix=f"Add ?sslmode={VERIFIED}&sslrootcert=FILE to its address, with the certificate that signed the server's.",
    )
