"""A supply: what a supplier sent, attached read-only under one name: a DuckDB file, a folder of Parquet or CSV, or PostgreSQL.

In a folder each table is a file, or a folder of files, of its own name: `coded_event.parquet`, `death.csv`,
`prescription/*.parquet`. It refuses what it cannot open, tables sent twice, and to repeat what a supplier wrote: DuckDB's
messages quote rows, so they end here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tre.data import postgres
from tre.data.catalogue import Catalogue
from tre.data.errors import IngestRefused, OptOutsRefused, Reason

READERS = {".parquet": "read_parquet({})", ".csv": "read_csv({}, header = true, all_varchar = true)"}


@contextmanager
def unquoted(where: str) -> Iterator[None]:
    """Turn DuckDB's errors into a refusal that names the table and the kind of error, and no row."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        sentence = "The engine was given too little memory for this supply, or the disk it spills to is full."
        fix = "Nothing was loaded. Give it more with --memory, or make room."
        raise IngestRefused(Reason("ingest-out-of-memory", sentence, fix, where)) from None
    except duckdb.Error as error:
        kind = type(error).__name__.removesuffix("Exception")
        reason = Reason(
            "supply-malformed",
            f"The supply holds something that cannot be read as what the catalogue says ({kind}).",
            "Nothing was loaded. Ask the supplier to check that table against the catalogue.",
            where,
        )
        # Not chained: DuckDB's own words quote the row.
        raise IngestRefused(reason) from None


def attach(
    connection: duckdb.DuckDBPyConnection, source: Path | str, name: str, catalogue: Catalogue
) -> None:
    """Attach a supply read-only as database `name`.

    Raises:
        IngestRefused: it is not there, cannot be opened, or sends a table twice.
    """
    if postgres.is_address(str(source)):
        postgres.attach(connection, str(source), name, catalogue)
        return
    source = Path(source)
    if source.is_dir():
        _attach_folder(connection, source, name)
        return
    try:
        connection.execute(f"ATTACH '{_quoted(source)}' AS {name} (READ_ONLY)")
    except duckdb.Error:
        raise _unreadable("The supply cannot be opened as a DuckDB file.", source.name) from None


def _attach_folder(connection: duckdb.DuckDBPyConnection, source: Path, name: str) -> None:
    connection.execute(f"ATTACH ':memory:' AS {name}")
    seen: set[str] = set()
    for path in sorted(source.iterdir()):
        files = tuple(sorted(path.iterdir())) if path.is_dir() else (path,)
        table, suffixes = path.stem, {file.suffix for file in files}
        if len(suffixes) != 1 or not suffixes <= READERS.keys() or not table.isidentifier():
            raise _unreadable("The supply holds a file that is neither Parquet nor CSV, or a mix.", path.name)
        if table in seen:
            raise _unreadable("The supply sends a table twice.", path.name)
        seen.add(table)
        _view(connection, f"{name}.{table}", files)


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: tuple[Path, ...]) -> None:
    listed = "[" + ", ".join(f"'{_quoted(file)}'" for file in files) + "]"
    reader = READERS[files[0].suffix].format(listed)
    with unquoted(name.partition(".")[2]):
        connection.execute(f"CREATE VIEW {name} AS FROM {reader}")


def state_of(connection: duckdb.DuckDBPyConnection, source: Path | str) -> list[list[str | int]]:
    """Which bytes an attached supply is made of: a build is only gone on with where nothing of this has changed.

    For files it is name, size, time of change and inode; for PostgreSQL, the snapshot that was read.
    """
    if postgres.is_address(str(source)):
        row = connection.execute(f"SELECT getvariable('{postgres.STATE}')").fetchone()
        return [["postgresql", str(row[0]) if row else ""]]
    top = Path(source)
    files = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
    states = ((path, path.stat()) for path in files)
    return [[str(path.resolve()), state.st_size, state.st_mtime_ns, state.st_ino] for path, state in states]


def has_table(connection: duckdb.DuckDBPyConnection, name: str, table: str) -> bool:
    """Whether the supply holds a table of that name."""
    query = "SELECT count(*) FROM duckdb_columns() WHERE database_name = ? AND table_name = ?"
    row = connection.execute(query, [name, table]).fetchone()
    return bool(row and row[0])


def supplier(connection: duckdb.DuckDBPyConnection, name: str, catalogue: Catalogue) -> str:
    """Who the supply says it is from; nothing where it does not say."""
    try:
        row = connection.execute(
            f"SELECT min(supplier)::VARCHAR FROM {name}.{catalogue.supply['table']}"  # noqa: S608 - from the checked catalogue
        ).fetchone()
    except duckdb.Error:
        return ""
    return str(row[0] or "") if row else ""


def check_columns(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, name: str) -> None:
    """Refuse a supply without every column the catalogue needs, or without its list of opt-outs.

    Raises:
        IngestRefused: one reason for each missing column.
        OptOutsRefused: the list of opt-outs is not there.
    """
    query = f"SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = '{name}'"  # noqa: S608
    found = {(str(table), str(column)) for table, column in connection.execute(query).fetchall()}
    needed = {(table.source, column.source) for table in catalogue.tables for column in table.columns}
    if missing := sorted(needed - found):
        raise IngestRefused(*(_missing(table, column) for table, column in missing))
    opt_outs = catalogue.opt_outs
    if (opt_outs["table"], opt_outs["number"]) not in found:
        sentence = "The supply has no list of opt-outs."
        raise OptOutsRefused(
            Reason("opt-outs-missing", sentence, "Ask the supplier for it.", opt_outs["table"])
        )


def _missing(table: str, column: str) -> Reason:
    return Reason(
        "supply-column-missing",
        "The supply lacks a column that the catalogue needs.",
        "Ask the supplier for it, or take it out of the catalogue.",
        f"{table}.{column}",
    )


def _unreadable(sentence: str, where: str) -> IngestRefused:
    return IngestRefused(Reason("supply-unreadable", sentence, "Check it with the supplier.", where))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
