"""A supply that is a PostgreSQL database: the columns that the catalogue needs, streamed in one snapshot, and no others.

A table goes through a pipe from PostgreSQL's COPY to DuckDB's reader and into memory; what does not fit there spills,
encrypted, like all else of an ingest. No extension is fetched. It refuses to say what the server said, which may quote a
row, and to repeat the address, which may hold a password.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import duckdb
import psycopg
from psycopg import sql

from tre.data.catalogue import Catalogue
from tre.data.errors import IngestRefused, Reason

SCHEMES = ("postgresql://", "postgres://")
STATE = "tre_supply_state"
"""The DuckDB variable that holds which snapshot was read."""


def is_address(source: str) -> bool:
    """Whether a source is the address of a PostgreSQL database."""
    return source.startswith(SCHEMES)


def attach(connection: duckdb.DuckDBPyConnection, address: str, name: str, catalogue: Catalogue) -> None:
    """Bring the tables that the catalogue needs into the in-memory database `name`, all of one moment.

    A table or column that is not there is left out, for the check of columns to name.

    Raises:
        IngestRefused: the server does not answer, or the stream breaks.
    """
    connection.execute(f"ATTACH ':memory:' AS {name}")
    try:
        with psycopg.connect(address) as server:
            server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            server.read_only = True
            _note_state(connection, server)
            for table, columns in _held(server, catalogue).items():
                _stream(connection, server, f"{name}.{table}", columns)
    except (psycopg.Error, duckdb.Error):
        # Not chained: both quote what they were given.
        raise _unreadable() from None


def _note_state(connection: duckdb.DuckDBPyConnection, server: psycopg.Connection) -> None:
    """Two moments with one snapshot have the same rows: nothing was written between them."""
    row = server.execute("SELECT current_database() || ' ' || pg_current_snapshot()::text").fetchone()
    connection.execute(f"SET VARIABLE {STATE} = ?", [str(row[0]) if row else ""])


def _held(server: psycopg.Connection, catalogue: Catalogue) -> Mapping[str, Sequence[str]]:
    """The tables and columns, of those the catalogue needs, that are there."""
    rows = server.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ANY (current_schemas(false))"
    ).fetchall()
    there = {(str(table), str(column)) for table, column in rows}
    needed = dict.fromkeys(pair for pair in _needed(catalogue) if pair in there)
    tables = dict.fromkeys(table for table, _ in needed)
    return {table: [column for other, column in needed if other == table] for table in tables}


def _needed(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for table in catalogue.tables:
        yield from ((table.source, column.source) for column in table.columns)
    for told in (catalogue.opt_outs, catalogue.national_opt_outs):
        if told:
            yield told["table"], told["number"]
    told = catalogue.supply
    yield from ((told["table"], column) for key, column in told.items() if key != "table")
    yield told["table"], "supplier"


def _stream(
    connection: duckdb.DuckDBPyConnection, server: psycopg.Connection, into: str, columns: Sequence[str]
) -> None:
    reading, writing = os.pipe()
    table = into.partition(".")[2]
    sender = threading.Thread(target=_send, args=(server, table, columns, writing))
    sender.start()
    try:
        kinds = "{" + ", ".join(f"'{column}': 'VARCHAR'" for column in columns) + "}"
        connection.execute(
            f"CREATE TABLE {into} AS FROM read_csv('/dev/fd/{reading}', columns = {kinds}, header = false, "
            "auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false)"
        )
    finally:
        os.close(reading)
        sender.join()
    if server.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
        raise _unreadable()


def _send(server: psycopg.Connection, table: str, columns: Sequence[str], writing: int) -> None:
    """Copy a table into the pipe; a failure shows in the state of the connection, which its reader looks at."""
    names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    copy = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv)").format(names, sql.Identifier(table))
    with (
        suppress(psycopg.Error, OSError),
        os.fdopen(writing, "wb") as pipe,
        server.cursor() as cursor,
        cursor.copy(copy) as rows,
    ):
        for piece in rows:
            pipe.write(piece)


def _unreadable() -> IngestRefused:
    sentence = "The supplier's PostgreSQL database cannot be read."
    fix = "Check the address, the account and its rights with the supplier; nothing was loaded."
    return IngestRefused(Reason("supply-unreadable", sentence, fix, "postgresql"))
