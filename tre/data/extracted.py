"""An extract, opened for questions about groups: its columns, and who is in it.

DuckDB reads it in memory and is then shut off from files, extensions and settings. It refuses a format that the engine
does not write, and a file without the patient column.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tre.data.errors import AnswerUnreadable, Reason

PARQUET = b"PAR1"
_ARROW = b"ARROW1"
_GZIP = b"\x1f\x8b"
_DUCKDB = b"DUCK"
_DUCKDB_AT = 8
_SECONDS = 120
_FIRST = 20_000
_MEMORY = "1GB"


@dataclass(frozen=True)
class Extract:
    """A study's extract as the table `people` of a locked database, with the types of its columns."""

    connection: duckdb.DuckDBPyConnection
    columns: Mapping[str, str]
    patient: str

    @cached_property
    def one_each(self) -> bool:
        """Whether nobody has two records; where people have several, some have among the first already."""
        first = f'SELECT count(*) = count(DISTINCT "{self.patient}") FROM (FROM people LIMIT {_FIRST})'  # noqa: S608 - a column of ours
        if not self.connection.execute(first).fetchall()[0][0]:
            return False
        rows = f'SELECT count(*) = count(DISTINCT "{self.patient}") FROM people'  # noqa: S608 - a column of ours
        return bool(self.connection.execute(rows).fetchall()[0][0])

    def never_below_nought(self, amount: str) -> bool:
        """Whether an amount, as SQL, is negative on no record."""
        rows = f"SELECT coalesce(min({amount}) >= 0, true) FROM people"  # noqa: S608 - a column of ours
        return bool(self.connection.execute(rows).fetchall()[0][0])

    def keep(self, table: str, sql: str, parameters: Mapping[str, Any]) -> None:
        """Keep the people of a guarded query, which calls the extract `table` and gives one row for each."""
        run, patient = self.connection.execute, f'"{self.patient}"'
        run(f'CREATE TEMP VIEW "{table}" AS FROM people')
        run(f"CREATE TEMP TABLE wanted AS SELECT {patient} FROM ({sql})", dict(parameters) or None)  # noqa: S608 - guarded
        run(f"CREATE OR REPLACE TEMP TABLE people AS FROM main.people WHERE {patient} IN (FROM wanted)")

    @property
    def pseudonyms(self) -> frozenset[str]:
        """Everybody in it."""
        rows = self.connection.execute(f'SELECT DISTINCT "{self.patient}"::VARCHAR FROM people').fetchall()  # noqa: S608 - a column of ours
        return frozenset(str(row[0]) for row in rows)


@contextmanager
def opened(content: bytes, patient: str) -> Iterator[Extract]:
    """The extract in some bytes, as the engine wrote them: Parquet, Arrow, CSV (plain or gzip), or DuckDB.

    Raises:
        AnswerUnreadable: it is none of these, or has no such patient column.
    """
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        try:
            _load(connection, content, Path(folder))
            columns = {str(row[0]): str(row[1]) for row in connection.execute("DESCRIBE people").fetchall()}
        except (duckdb.Error, pa.ArrowException) as wrong:
            raise _unreadable() from wrong
        if patient not in columns or any('"' in name for name in columns):
            raise _unreadable()
        _lock(connection)
        yield Extract(connection, columns, patient)


def _load(connection: duckdb.DuckDBPyConnection, content: bytes, folder: Path) -> None:
    if content.startswith(_ARROW):
        _load_arrow(connection, content)
        return
    file = folder / ("extract.csv.gz" if content.startswith(_GZIP) else "extract")
    file.write_bytes(content)
    if content.startswith(PARQUET):
        source = "read_parquet(?)"
    elif content[_DUCKDB_AT:].startswith(_DUCKDB):
        connection.execute(f"ATTACH '{file}' AS kept (READ_ONLY)")
        connection.execute("CREATE TABLE people AS FROM kept.extract")
        connection.execute("DETACH kept")
        return
    else:
        source = "read_csv(?, header = true, sample_size = -1)"
    connection.execute(f"CREATE TABLE people AS FROM {source}", [str(file)])


def _load_arrow(connection: duckdb.DuckDBPyConnection, content: bytes) -> None:
    """Batch by batch, each looked through before DuckDB reads it: offsets of a broken file would lead it astray."""
    with pa.ipc.open_file(pa.BufferReader(content)) as file:
        connection.register("handed", pa.RecordBatchReader.from_batches(file.schema, _batches(file)))
        connection.execute("CREATE TABLE people AS FROM handed")
        connection.unregister("handed")


def _batches(file: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    for place in range(file.num_record_batches):
        batch = file.get_batch(place)
        batch.validate(full=True)
        yield batch


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    for setting, value in (
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("max_execution_time", str(_SECONDS * 1000)),
        ("memory_limit", f"'{_MEMORY}'"),
        ("enable_external_access", "false"),
        ("lock_configuration", "true"),
    ):
        connection.execute(f"SET {setting} = {value}")


def _unreadable() -> AnswerUnreadable:
    return AnswerUnreadable(
        Reason(
            "extract-unreadable", "An extract is not a file that the engine writes.", "Run the study again."
        )
    )
