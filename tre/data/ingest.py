"""Ingest: a supplier's extract in, a pseudonymised store out, and nothing in between at rest [P2].

The store is built from the catalogue: a column that is not named there is never read, so names, addresses, telephone
numbers and free text cannot land. NHS numbers become keyed pseudonyms inside DuckDB as the rows stream through, dates of
birth become months, and those who have opted out go to files of their own [P6]. Each build starts from nothing and is
swapped in at once, so that no deleted row remains and no reader waits; an ingest that dies leaves the old store serving.

It refuses a supply without a column the catalogue needs, an identifier hiding in a column that lands, and a supply
that does not say when its list of opt-outs was made.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from tre.data import hidden, supply
from tre.data.absent import drop_superseded, list_digest, standing_list, write_absent
from tre.data.catalogue import Catalogue, Table, Transform, load_catalogue
from tre.data.errors import KeyRefused, OptOutsRefused, Reason
from tre.data.landing import create_table, digits, hashed
from tre.data.optouts import Kind, OptOutList
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
from tre.data.store import FORMAT, Check, Partition, Store, file_digest, manifest_digest, open_store

SUPPLY = "supply_in"
PEOPLE = "people_in"
OPTED_OUT = "opted_out_in"
SiteKey = Key
"""What callers who may not open the room of keys call the key they pass on."""


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


def ingest(
    source: Path,
    store_dir: Path,
    *,
    key: Key,
    backend: str,
    at: datetime,
    catalogue: Catalogue | None = None,
    opt_outs: OptOutList | None = None,
    progress: Progress | None = None,
) -> StoreVersion:
    """Build a new version of the store in `store_dir` from a supply, and make it current.

    Args:
        source: the supplier's DuckDB file, or folder of Parquet or CSV files; only read.
        store_dir: made if it is not there.
        key: the site's key, or this backend's.
        backend: `tpp` or `emis`, or another name a site uses.
        at: the moment of building, recorded in the manifest.
        catalogue: what to build; the one that ships, unless given.
        opt_outs: the newest signed list, applied beside the supply's own and dating the store.
        progress: told of every table.

    Raises:
        IngestRefused: the supply lacks a table or column, or hides an identifier.
        OptOutsRefused: the supply has no opt-out list, or an undated one; the list is another backend's, or older than
            the one in force.
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
        supply.check_columns(connection, catalogue, SUPPLY)
        as_of = opt_outs.as_of.isoformat() if opt_outs else _dated(work, "opt_outs_as_of")
        _check_list(store_dir, date.fromisoformat(as_of), opt_outs, backend)
        with supply.unquoted("people and opt-outs"):
            _load_opt_outs(work, opt_outs)
            _load_people(work)
        work.progress("looking for hidden identifiers", 0, 1)
        with supply.unquoted("the search for hidden identifiers"):
            hidden.refuse_hidden(connection, catalogue, source=SUPPLY, people=PEOPLE)
        files = {partition.value: _build(work, partition) for partition in Partition}
        manifest = {
            "format": FORMAT,
            "backend": backend,
            "built_at": at.isoformat(),
            "extracted_on": _dated(work, "extracted_on"),
            "catalogue": catalogue.digest,
            "key_version": owner.version,
            "opt_outs": {"digest": _opt_outs_digest(work), "as_of": as_of},
            "files": files,
        }
        left_out = _without_number(work)
        folder = publish(store_dir, staging, manifest)
        drop_superseded(store_dir, date.fromisoformat(as_of))
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
        supply.attach(connection, source, SUPPLY)
        connection.execute(f"SET temp_directory = '{_quoted(spill)}'")
        # What spills still bears NHS numbers.
        connection.execute("SET temp_file_encryption = true")
        hidden.prepare(connection)
        yield connection


def _check_list(store_dir: Path, as_of: date, given: OptOutList | None, backend: str) -> None:
    """A list of another backend excludes nobody here, and an older one would bring people back [P6]."""
    if given is not None and (given.backend != backend or given.kind is not Kind.TYPE_1):
        sentence = "The signed list of opt-outs is another backend's, or not of type 1."
        raise OptOutsRefused(
            Reason("opt-outs-other-list", sentence, "Give this backend's type 1 list.", backend)
        )
    standing = standing_list(store_dir)
    if standing is not None and as_of < standing:
        sentence = f"The list of opt-outs is of {as_of}, older than the one in force, of {standing}."
        raise OptOutsRefused(
            Reason("opt-outs-older", sentence, "Ask information governance for the newest.", backend)
        )


def _load_opt_outs(work: _Work, newest: OptOutList | None) -> None:
    """Everyone who has opted out, by the supply's list and by the signed one. In memory alone."""
    told = work.catalogue.opt_outs
    work.connection.execute(
        f"CREATE TEMP TABLE {OPTED_OUT} AS SELECT DISTINCT {digits(told['number'])} AS nhs_number "  # noqa: S608
        f"FROM {SUPPLY}.{told['table']} WHERE {told['number']} IS NOT NULL"
    )
    if newest is not None:
        work.connection.execute(
            f"INSERT INTO {OPTED_OUT} SELECT unnest($numbers::VARCHAR[])", {"numbers": sorted(newest.numbers)}
        )


def _load_people(work: _Work) -> None:
    """Everyone with a valid number: the number, the pseudonym, and whether they have opted out. In memory alone."""
    patients = _patients(work.catalogue)
    work.progress("making pseudonyms", 0, 1)
    work.connection.execute(
        f"""
        CREATE TEMP TABLE {PEOPLE} AS
        WITH given AS (SELECT DISTINCT {digits(patients.patient.source)} AS nhs_number FROM {SUPPLY}.{patients.source})
        SELECT nhs_number, {hashed("nhs_number", "numbers")} AS patient_id, nhs_number IN (FROM {OPTED_OUT}) AS opted_out
        FROM given WHERE tre_mod11(nhs_number)
        """,  # noqa: S608 - names from the checked catalogue
        _parameters(work),
    )


def _patients(catalogue: Catalogue) -> Table:
    return next(table for table in catalogue.tables if table.rows_are == "patients")


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
            _build_table(work, table, partition)
            counted = work.connection.execute(f"SELECT count(*) FROM store_out.{table.name}").fetchone()  # noqa: S608
            rows[table.name] = int(counted[0]) if counted else 0
    work.connection.execute("DETACH store_out")
    path.chmod(0o444)
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path), "rows": rows}


def _build_table(work: _Work, table: Table, partition: Partition) -> None:
    opted_out = partition is Partition.OPTED_OUT
    create = create_table(table, supply=SUPPLY, people=PEOPLE, into="store_out", opted_out=opted_out)
    with supply.unquoted(table.source):
        work.connection.execute(create, _parameters_for(work, table))


def _parameters_for(work: _Work, table: Table) -> dict[str, Any]:
    if any(column.transform is Transform.PRACTICE for column in table.columns):
        return _parameters(work, "practices")
    return {}


def _dated(work: _Work, name: str) -> str:
    told = work.catalogue.supply
    query = f"SELECT min({told[name]})::DATE::VARCHAR FROM {SUPPLY}.{told['table']}"  # noqa: S608
    try:
        row = work.connection.execute(query).fetchone()
    except duckdb.Error:
        raise _undated(name) from None
    if row is None or row[0] is None:
        raise _undated(name)
    return str(row[0])


def _undated(name: str) -> OptOutsRefused:
    sentence = "The supply does not say of which day it, or its list of opt-outs, is."
    return OptOutsRefused(Reason("opt-outs-undated", sentence, "Ask the supplier for the date.", name))


def _opt_outs_digest(work: _Work) -> str:
    """A digest of the list under the backend's key, so that it says which list without saying who is on it."""
    rows = work.connection.execute(
        f"SELECT DISTINCT {hashed('nhs_number', 'numbers')}::VARCHAR FROM {OPTED_OUT} ORDER BY 1",  # noqa: S608
        _parameters(work),
    ).fetchall()
    return list_digest(str(row[0]) for row in rows)


def _without_number(work: _Work) -> int:
    row = work.connection.execute(
        f"SELECT (SELECT count(*) FROM {SUPPLY}.{_patients(work.catalogue).source}) - (SELECT count(*) FROM {PEOPLE})"  # noqa: S608
    ).fetchone()
    return max(int(row[0]), 0) if row else 0


def _rows(files: Mapping[str, Any]) -> dict[str, int]:
    return {table: rows for file in files.values() for table, rows in file["rows"].items()}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def apply_opt_outs(store_dir: Path, newest: OptOutList, *, key: Key) -> Store:
    """Make people who opted out since the store was built absent from every run from now on [P6].

    The store's files stay as they are until the next build; the engine leaves these people out of every table. Returns the
    store with the newer list's digest and date.

    Raises:
        OptOutsRefused: the list is another backend's, or older than the one in force.
        StoreUnavailable: there is no store to apply it to.
        KeyRefused: the key did not build this store.
    """
    store = open_store(store_dir, check=Check.SIZES)
    _check_list(store_dir, newest.as_of, newest, store.backend)
    owner = backend_key(key, store.backend)
    if owner.version != store.key_version:
        sentence = "The store was built with a key of another version."
        raise KeyRefused(Reason("key-version", sentence, "Give the key that built it.", store.backend))
    hasher = nhs_number_hasher(owner)
    people = sorted(hasher.of(number.encode()) for number in newest.numbers)
    write_absent(
        store_dir, backend=store.backend, key_version=owner.version, people=people, as_of=newest.as_of
    )
    return open_store(store_dir, check=Check.SIZES)


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
