"""What leaves: the writer, a second database that has files and no patients, and the results it writes.

An extract gets its study's pseudonyms and an order that says nothing about the store's. It refuses an extract that is not
one row for each person, before a byte of it is written.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from .query import FORMATS, MEMBERS, Query, Refused, hexed, text
from .readings import Readings
from .telling import Telling

HANDED = "tre_handed"
"""The name under which one database reads what another gives it."""

_BATCH_ROWS = 1 << 16


def answer_extract(readings: Readings, writer: duckdb.DuckDBPyConnection, tell: Telling) -> dict[str, Any]:
    """Write an extract under the study's pseudonyms, in their order, and hold it to one row for each person."""
    query, patients = readings.query, readings.patients
    parameters = readings.read(query.sql)
    tell.now(patients, until=70)
    patients.execute(f"CREATE TABLE tre_answer AS {query.sql}", parameters or None)
    columns = described(patients, "FROM tre_answer")
    if tuple(one["name"] for one in columns) != query.columns or query.columns[0] != "patient_id":
        raise Refused("columns that are not those that were declared")
    counts = "SELECT count(*), count(DISTINCT patient_id) FROM tre_answer"
    rows, people = patients.execute(counts).fetchall()[0]
    if rows != people:
        raise Refused("more than one row for a person, or a row for nobody")
    columns[0] = {"name": "patient_id", "type": "VARCHAR"}
    pseudonyms(writer, query.pseudonym)
    tell.now(writer, until=95)
    # In the store's order two studies' extracts could be laid side by side, row for row.
    replaced = "SELECT {} AS patient_id, * EXCLUDE (patient_id) FROM {}"
    ordered = replaced.format("study_pseudonym(patient_id)", f"{HANDED} ORDER BY patient_id")
    with handed_over(patients.sql("FROM tre_answer"), writer):
        shown = replaced.format("patient_id::VARCHAR", f"({ordered})")
        copy(writer, shown, query, {"rows": rows, "columns": columns})
    if query.released:
        _write_link(readings, writer)
    return {"status": "ok", "rows": int(rows), "columns": columns}


def _write_link(readings: Readings, writer: duckdb.DuckDBPyConnection) -> None:
    """Write who each person of the extract is among those behind released tables: the data room alone reads it.

    In the order of the study's pseudonyms, which says nothing about the store's.
    """
    query = readings.query
    pseudonyms(writer, query.released, name="released_pseudonym")
    both = "study_pseudonym(patient_id) AS patient, released_pseudonym(patient_id) AS member"
    with handed_over(readings.patients.sql("SELECT patient_id FROM tre_answer"), writer):
        writer.execute(
            f"COPY (SELECT {both} FROM {HANDED} ORDER BY patient) "  # noqa: S608 - our words
            f"TO '{text(str(query.out / MEMBERS))}' ({FORMATS['parquet']})"
        )


def pseudonyms(
    writer: duckdb.DuckDBPyConnection, pseudonym: Mapping[str, str], *, name: str = "study_pseudonym"
) -> None:
    """Make known to a database how pseudonyms are made of the store's."""
    inner, outer, version = (hexed(pseudonym[part]) for part in ("inner", "outer", "version"))
    writer.execute(
        f"CREATE TEMP MACRO {name}(person) AS ('{version}' || substr(sha256(unhex('{outer}') "
        f"|| unhex(sha256(unhex('{inner}') || person::VARCHAR::BLOB))), 1, 30))::UUID"
    )


@contextmanager
def handed_over(rows: duckdb.DuckDBPyRelation, to: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Rows of one database as a table of another, to be read once."""
    to.register(HANDED, _Stream(rows.__arrow_c_stream__()))
    try:
        yield
    finally:
        to.unregister(HANDED)


def copy(writer: duckdb.DuckDBPyConnection, what: str, query: Query, about: Mapping[str, Any]) -> None:
    """Write rows in the format that the output's name asks for, with what is known of them inside where it has room."""
    path = query.out / query.path
    path.parent.mkdir(parents=True, exist_ok=True)
    about_it = json.dumps({**query.provenance, **about}, sort_keys=True)
    told = text(about_it)
    if query.format == "duckdb":
        writer.execute(f"ATTACH '{text(str(path))}' AS written")
        writer.execute(f"CREATE TABLE written.extract AS {what}")
        writer.execute(f"CREATE TABLE written.about AS SELECT '{told}' AS about")
        writer.execute("DETACH written")
        return
    if query.format == "arrow":
        _write_arrow(writer.sql(what), path, about_it)
        return
    inside = f", KV_METADATA {{tre: '{told}'}}" if query.format == "parquet" else ""
    writer.execute(f"COPY ({what}) TO '{text(str(path))}' ({FORMATS[query.format]}{inside})")


def _write_arrow(rows: duckdb.DuckDBPyRelation, path: Path, told: str) -> None:
    """Write rows as an Arrow file, batch by batch, with what is known of them in its schema."""
    import pyarrow as pa  # noqa: PLC0415 - it takes memory from the answer, so it is there only where it is asked for

    batches = rows.to_arrow_reader(_BATCH_ROWS)
    schema = batches.schema.with_metadata({b"tre": told.encode()})
    packed = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema, options=packed) as out:
        for batch in batches:
            out.write_batch(batch.replace_schema_metadata(schema.metadata))


def described(connection: duckdb.DuckDBPyConnection, what: str) -> list[dict[str, str]]:
    """The names and types of some rows."""
    rows = connection.execute(f"DESCRIBE {what}").fetchall()
    return [{"name": str(row[0]), "type": str(row[1])} for row in rows]


class _Stream:
    """What DuckDB will read from: an object that gives its Arrow stream away once."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __arrow_c_stream__(self, _requested_schema: object = None) -> object:
        """The Arrow C stream interface."""
        return self._stream
