"""Ingest: a supplier's extract in, a pseudonymised store out, and nothing in between at rest [P2].

The store is built from the catalogue: a column that is not named there is never read, so names, addresses, telephone
numbers and free text cannot land. NHS numbers become keyed pseudonyms inside DuckDB as the rows stream through, dates of
birth become months, and those who have opted out go to files of their own [P6]. Each build starts from nothing and is
swapped in at once, so that no deleted row remains and no reader waits; an ingest that dies leaves the old store serving.

It refuses a supply without a column the catalogue needs, an identifier hiding in a column that lands, and a supply
that does not say when its list of opt-outs was made.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tre.data import hidden
from tre.data.catalogue import Catalogue, Column, Table, Transform, load_catalogue
from tre.data.errors import IngestRefused, OptOutsRefused, Reason
from tre.data.progress import Progress, silent
from tre.data.pseudonyms import (
    Hasher,
    Key,
    backend_key,
    create_key,
    load_key,
    nhs_number_hasher,
    practice_hasher,
    save_key,
    studies_key,
)
from tre.data.publish import publish, staging_in
from tre.data.store import FORMAT, Partition, file_digest, manifest_digest

SUPPLY = "supply_in"
PEOPLE = "people_in"


@dataclass(frozen=True)
class StoreVersion:
    """What an ingest built: the version now current, rows per table in both parts, and people left out for want of a number."""

    version: str
    folder: Path
    rows: Mapping[str, int]
    opted_out_rows: Mapping[str, int]
    without_number: str


@dataclass(frozen=True)
class _Work:
    """One ingest under way."""

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    staging: Path
    numbers: Hasher
    practices: Hasher
    progress: Progress
    opt_outs: dict[str, str] = field(default_factory=dict)


def ingest(
    source: Path,
    store_dir: Path,
    *,
    key: Key,
    backend: str,
    at: datetime,
    catalogue: Catalogue | None = None,
    progress: Progress | None = None,
) -> StoreVersion:
    """Build a new version of the store in `store_dir` from a supplier's DuckDB file, and make it current.

    Args:
        source: the supplier's file; opened read-only.
        store_dir: made if it is not there.
        key: the site's key, or this backend's.
        backend: `tpp` or `emis`, or another name a site uses.
        at: the moment of building, recorded in the manifest.
        catalogue: what to build; the one that ships, unless given.
        progress: told of every table.

    Raises:
        IngestRefused: the supply lacks a table or column, or hides an identifier.
        OptOutsRefused: the supply has no opt-out list, or an undated one.
        KeyRefused: the key is of another kind or backend.
    """
    catalogue = catalogue or load_catalogue()
    owner = backend_key(key, backend)
    with staging_in(store_dir) as staging, _connection(source, staging) as connection:
        work = _Work(
            connection,
            catalogue,
            staging,
            nhs_number_hasher(owner),
            practice_hasher(owner),
            progress or silent,
        )
        _check_supply(work)
        _load_people(work)
        work.progress("looking for hidden identifiers", 0, 1)
        hidden.refuse_hidden(connection, catalogue, source=SUPPLY, people=PEOPLE)
        files = {partition.value: _build(work, partition) for partition in Partition}
        manifest = {
            "format": FORMAT,
            "backend": backend,
            "built_at": at.isoformat(),
            "extracted_on": _dated(work, "extracted_on"),
            "catalogue": catalogue.digest,
            "key_version": owner.version,
            "opt_outs": {"digest": _opt_outs_digest(work), "as_of": _dated(work, "opt_outs_as_of")},
            "files": files,
        }
        left_out = _without_number(work)
        folder = publish(store_dir, staging, manifest)
    return StoreVersion(
        version=manifest_digest(manifest),
        folder=folder,
        rows=_rows(files[Partition.MAIN]),
        opted_out_rows=_rows(files[Partition.OPTED_OUT]),
        without_number=hidden.band(left_out) if left_out else "none",
    )


@contextmanager
def _connection(source: Path, staging: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    spill = staging / "spill"
    with duckdb.connect(":memory:") as connection:
        try:
            connection.execute(f"ATTACH '{_quoted(source)}' AS {SUPPLY} (READ_ONLY)")
        except duckdb.Error as error:
            raise _refused(
                "supply-unreadable", "The supply cannot be opened as a DuckDB file.", source.name
            ) from error
        connection.execute(f"SET temp_directory = '{_quoted(spill)}'")
        # What spills still bears NHS numbers.
        connection.execute("SET temp_file_encryption = true")
        hidden.prepare(connection)
        yield connection


def _check_supply(work: _Work) -> None:
    rows = work.connection.execute(
        f"SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = '{SUPPLY}'"  # noqa: S608
    ).fetchall()
    found = {(str(table), str(column)) for table, column in rows}
    needed = {(table.source, column.source) for table in work.catalogue.tables for column in table.columns}
    if missing := sorted(needed - found):
        raise IngestRefused(*(_missing(table, column) for table, column in missing))
    opt_outs = work.catalogue.opt_outs
    if (opt_outs["table"], opt_outs["number"]) not in found:
        raise OptOutsRefused(
            Reason(
                "opt-outs-missing",
                "The supply has no list of opt-outs.",
                "Ask the supplier for it.",
                opt_outs["table"],
            )
        )


def _missing(table: str, column: str) -> Reason:
    return Reason(
        "supply-column-missing",
        "The supply lacks a column that the catalogue needs.",
        "Ask the supplier for it, or take it out of the catalogue.",
        f"{table}.{column}",
    )


def _load_people(work: _Work) -> None:
    """Everyone with a valid number: the number, the pseudonym, and whether they have opted out. In memory alone."""
    table, number = next(
        (table.source, table.patient.source)
        for table in work.catalogue.tables
        if table.rows_are == "patients"
    )
    opt_outs = work.catalogue.opt_outs
    work.progress("making pseudonyms", 0, 1)
    work.connection.execute(
        f"""
        CREATE TEMP TABLE {PEOPLE} AS
        WITH given AS (
            SELECT DISTINCT regexp_replace({number}, '[ -]', '', 'g') AS nhs_number FROM {SUPPLY}.{table}
        )
        SELECT nhs_number, {_hashed("nhs_number", "numbers")} AS patient_id,
               nhs_number IN (SELECT regexp_replace({opt_outs["number"]}, '[ -]', '', 'g')
                              FROM {SUPPLY}.{opt_outs["table"]} WHERE {opt_outs["number"]} IS NOT NULL) AS opted_out
        FROM given WHERE tre_mod11(nhs_number)
        """,  # noqa: S608 - names from the checked catalogue
        _parameters(work),
    )


def _hashed(expression: str, which: str) -> str:
    """HMAC-SHA256 of a text expression as a version-marked UUID; the padded key blocks are bound, never written out."""
    digest = f"sha256(${which}_outer || unhex(sha256(${which}_inner || ({expression})::BLOB)))"
    return f"(${which}_version || substr({digest}, 1, 30))::UUID"


def _parameters(work: _Work, *which: str) -> dict[str, Any]:
    hashers = {"numbers": work.numbers, "practices": work.practices}
    parameters: dict[str, Any] = {}
    for name in which or ("numbers",):
        hasher = hashers[name]
        parameters |= {
            f"{name}_inner": hasher.inner,
            f"{name}_outer": hasher.outer,
            f"{name}_version": f"{hasher.version:02x}",
        }
    return parameters


def _build(work: _Work, partition: Partition) -> dict[str, Any]:
    files = {}
    for done, group in enumerate(work.catalogue.groups):
        work.progress(
            f"building {group} ({partition.value.replace('_', ' ')})", done, len(work.catalogue.groups)
        )
        name = f"{group}.duckdb" if partition is Partition.MAIN else f"{group}.opted-out.duckdb"
        files[group] = _build_file(work, group, partition, work.staging / name)
    return files


def _build_file(work: _Work, group: str, partition: Partition, path: Path) -> dict[str, Any]:
    work.connection.execute(f"ATTACH '{_quoted(path)}' AS store_out")
    rows = {}
    for table in work.catalogue.tables:
        if table.group == group:
            work.connection.execute(_create(table, partition), _parameters_for(work, table))
            counted = work.connection.execute(f"SELECT count(*) FROM store_out.{table.name}").fetchone()  # noqa: S608
            rows[table.name] = int(counted[0]) if counted else 0
    work.connection.execute("DETACH store_out")
    path.chmod(0o444)
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path), "rows": rows}


def _parameters_for(work: _Work, table: Table) -> dict[str, Any]:
    if any(column.transform is Transform.PRACTICE for column in table.columns):
        return _parameters(work, "practices")
    return {}


def _create(table: Table, partition: Partition) -> str:
    columns = ", ".join(f"{_landed(column)} AS {column.name}" for column in table.columns)
    number = f"regexp_replace(s.{table.patient.source}, '[ -]', '', 'g')"
    return f"""
        CREATE TABLE store_out.{table.name} AS
        SELECT {columns} FROM {SUPPLY}.{table.source} AS s JOIN {PEOPLE} AS p ON {number} = p.nhs_number
        WHERE {"p.opted_out" if partition is Partition.OPTED_OUT else "NOT p.opted_out"}
        ORDER BY {", ".join(table.order)}
    """  # noqa: S608 - names from the checked catalogue


def _landed(column: Column) -> str:
    source = f"s.{column.source}"
    match column.transform:
        case Transform.PSEUDONYM:
            return "p.patient_id"
        case Transform.PRACTICE:
            return f"CASE WHEN {source} IS NOT NULL THEN {_hashed(source, 'practices')} END"
        case Transform.MONTH:
            return f"date_trunc('month', {source})::DATE"
        case Transform.DATE:
            return f"CASE WHEN {source}::DATE NOT IN (DATE '1900-01-01', DATE '9999-12-31') THEN {source}::DATE END"
        case Transform.COPY:
            return f"{source}::{column.type}"


def _dated(work: _Work, name: str) -> str:
    supply = work.catalogue.supply
    query = f"SELECT min({supply[name]})::DATE::VARCHAR FROM {SUPPLY}.{supply['table']}"  # noqa: S608
    try:
        row = work.connection.execute(query).fetchone()
    except duckdb.Error as error:
        raise _undated(name) from error
    if row is None or row[0] is None:
        raise _undated(name)
    return str(row[0])


def _undated(name: str) -> OptOutsRefused:
    sentence = "The supply does not say of which day it, or its list of opt-outs, is."
    return OptOutsRefused(Reason("opt-outs-undated", sentence, "Ask the supplier for the date.", name))


def _opt_outs_digest(work: _Work) -> str:
    """A digest of the list under the backend's key, so that it says which list without saying who is on it."""
    opt_outs = work.catalogue.opt_outs
    number = f"regexp_replace({opt_outs['number']}, '[ -]', '', 'g')"
    rows = work.connection.execute(
        f"SELECT DISTINCT {_hashed(number, 'numbers')}::VARCHAR FROM {SUPPLY}.{opt_outs['table']} "  # noqa: S608
        f"WHERE {opt_outs['number']} IS NOT NULL ORDER BY 1",
        _parameters(work),
    )
    digest = hashlib.sha256(b"tre/opt-outs/1")
    while batch := rows.fetchmany(10_000):
        digest.update("".join(f"{row[0]}\n" for row in batch).encode())
    return digest.hexdigest()


def _without_number(work: _Work) -> int:
    table = next(table for table in work.catalogue.tables if table.rows_are == "patients")
    row = work.connection.execute(
        f"SELECT (SELECT count(*) FROM {SUPPLY}.{table.source}) - (SELECT count(*) FROM {PEOPLE})"  # noqa: S608
    ).fetchone()
    return max(int(row[0]), 0) if row else 0


def _rows(files: Mapping[str, Any]) -> dict[str, int]:
    return {table: rows for file in files.values() for table, rows in file["rows"].items()}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _refused(code: str, sentence: str, where: str) -> IngestRefused:
    return IngestRefused(Reason(code, sentence, "Check the file with the supplier.", where))


def make_keys(
    site_key: Path, studies_keys: Mapping[str, Path], randomness: bytes, *, outside: Sequence[Path]
) -> None:
    """Make the site's key from 32 random bytes and, from it, the studies key of each backend.

    Raises:
        KeyRefused: a key is there already, would lie with the data, or the randomness is not 32 bytes.
    """
    key = create_key(site_key, randomness, outside=outside)
    for backend, path in studies_keys.items():
        save_key(studies_key(key, backend), path, outside=outside)


def open_site_key(path: Path, *, outside: Sequence[Path]) -> Key:
    """The site's key, kept outside every store.

    Raises:
        KeyRefused: it is missing, exposed, or lies with the data.
    """
    return load_key(path, outside=outside)
