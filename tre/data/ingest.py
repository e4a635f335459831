"""Ingest: a supplier's extract in, a pseudonymised store out, and nothing in between at rest [P2].

The store is built from the catalogue: a column that is not named there is never read, so names, addresses, telephone
numbers and free text cannot land. NHS numbers become keyed pseudonyms inside DuckDB as the rows stream through, dates of
birth become months, and those who have opted out go to files of their own [P6]. Each build starts from nothing and is
swapped in at once, so that no deleted row remains and no reader waits; an ingest that dies leaves the old store serving, and
the next one of the same supply goes on from the permission groups that were finished.

It refuses a supply without a column the catalogue needs, an identifier hiding in a column that lands, and a supply
that does not say when its list of opt-outs was made.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from tre.custody.law import OptOutRule
from tre.custody.lists import ListInForce
from tre.data import hidden, supply
from tre.data.absent import (
    MANIFEST_KEYS,
    BuiltWith,
    MadeFor,
    drop_superseded,
    list_digest,
    standing_list,
    write_absent,
)
from tre.data.building import Plan, build, fingerprint, forget_notes
from tre.data.catalogue import Catalogue, Table, load_catalogue
from tre.data.errors import KeyRefused, OptOutsRefused, Reason
from tre.data.landing import digits, hashed
from tre.data.optouts import Kind, OptOutList
from tre.data.progress import Progress, silent
from tre.data.pseudonyms import (
    Hasher,
    Key,
    backend_key,
    nhs_number_hasher,
    practice_hasher,
    signing_seed,
)
from tre.data.publish import SPILL, publish, staging_in, take_up
from tre.data.register import NO_REGISTER, Register
from tre.data.signed import signature_of
from tre.data.store import (
    FORMAT,
    SYNTHETIC,
    Check,
    Partition,
    Store,
    canonical,
    manifest_digest,
    open_built,
    open_store,
)

SUPPLY = "supply_in"
PEOPLE = "people_in"
OPTED_OUT = "opted_out_in"
NATIONAL = "national_in"
ENCRYPTED_SPILL = "true"


@dataclass(frozen=True)
class StoreVersion:
    """What an ingest built: the version now current, rows per table in both parts, and people left out for want of a number."""

    version: str
    folder: Path
    rows: Mapping[str, int]
    national_rows: Mapping[str, int]
    opted_out_rows: Mapping[str, int]
    without_number: str


@dataclass(frozen=True)
class _Work:
    """One ingest under way."""

    connection: duckdb.DuckDBPyConnection
    catalogue: Catalogue
    numbers: Hasher
    progress: Progress


@dataclass(frozen=True)
class Lists:
    """The newest signed lists of opt-outs, where information governance has given them."""

    type_1: OptOutList | None
    national: OptOutList | None
    signed_only: bool


def ingest(
    source: Path | str,
    store_dir: Path,
    *,
    key: Key,
    backend: str,
    at: datetime,
    catalogue: Catalogue | None = None,
    opt_outs: OptOutList | None = None,
    national: OptOutList | None = None,
    signed_only: bool = False,
    memory_bytes: int | None = None,
    register: Register = NO_REGISTER,
    progress: Progress | None = None,
) -> StoreVersion:
    """Build a new version of the store in `store_dir` from a supply, and make it current.

    Args:
        source: the supplier's DuckDB file, folder of Parquet or CSV files, or `postgresql://` address; only read.
        store_dir: made if it is not there.
        key: the site's key, or this backend's.
        backend: `tpp` or `emis`, or another name a site uses.
        at: the moment of building, recorded in the manifest.
        catalogue: what to build; the one that ships, unless given.
        opt_outs: the newest signed list, applied beside the supply's own and dating the store.
        national: the newest signed list of national opt-outs, likewise.
        signed_only: whether a supply of real people is refused without a signed list.
        memory_bytes: the most that DuckDB may hold; what does not fit spills, encrypted. Without it, DuckDB's own measure.
        register: told of the lists before they are brought, and of the store once it is there; a site's keeps both on its
            ledger, and without that the site reads no such store.
        progress: told of every step.

    Raises:
        IngestRefused: the supply lacks a table or column, or hides an identifier.
        OptOutsRefused: the supply has no opt-out list, or an undated one; the list is another backend's, or older than
            the one in force.
        KeyRefused: the key is of another kind or backend.
    """
    catalogue = catalogue or load_catalogue()
    owner = backend_key(key, backend)
    lists = Lists(opt_outs, national, signed_only=signed_only)
    with (
        staging_in(store_dir) as staging,
        _connection(source, staging, catalogue, memory_bytes) as connection,
    ):
        work = _Work(connection, catalogue, nhs_number_hasher(owner), progress or silent)
        told = _read_lists(work, lists, store_dir, backend)
        register.announce(backend, _announced(told))
        _look_for_identifiers(work)
        take_up(
            staging,
            fingerprint(supply.state_of(connection, source), catalogue.digest, owner.fingerprint, told),
        )
        parameters = _parameters("practices", practice_hasher(owner))
        files = build(Plan(connection, catalogue, staging, SUPPLY, PEOPLE, parameters, work.progress))
        manifest = {
            "format": FORMAT,
            "backend": backend,
            "built_at": at.isoformat(),
            "extracted_on": _dated(work, "extracted_on"),
            "catalogue": catalogue.digest,
            "key_version": owner.version,
            "encrypted_by_engine": False,
            "files": files,
            **told,
        }
        left_out = _without_number(work)
        forget_notes(staging)
        folder = publish(store_dir, staging, manifest, signature=_signed(key, backend, manifest))
        register.built(backend, manifest_digest(manifest))
        for kind in Kind:
            if (list_told := told[MANIFEST_KEYS[kind]]) is not None:
                built_with = BuiltWith(date.fromisoformat(list_told["as_of"]), list_told["document"])
                drop_superseded(store_dir, built_with, kind)
    return StoreVersion(
        version=manifest_digest(manifest),
        folder=folder,
        rows=_rows(files[Partition.MAIN]),
        national_rows=_rows(files[Partition.NATIONAL]),
        opted_out_rows=_rows(files[Partition.OPTED_OUT]),
        without_number=hidden.band(left_out) if left_out else "none",
    )


def _signed(key: Key, backend: str, manifest: Mapping[str, Any]) -> bytes:
    return signature_of(canonical(manifest), signing_seed(key, backend))


def sign_manifest(key: Key, backend: str, manifest: Mapping[str, Any]) -> bytes:
    """The signature of a backend's key over a manifest, for a store that is built in another way (the canaries)."""
    return _signed(key, backend, manifest)


@contextmanager
def _connection(
    source: Path | str, staging: Path, catalogue: Catalogue, memory_bytes: int | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET temp_directory = '{_quoted(staging / SPILL)}'")
        # What spills still bears NHS numbers: it is written under a key of this process alone, and removed at the end. The
        # engine's own cipher is all there is without fetching one; its makers do not vouch for its random numbers.
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute(f"SET temp_file_encryption = {ENCRYPTED_SPILL}")
        # Every table is sorted on its way in: the order of the supply says nothing.
        connection.execute("SET preserve_insertion_order = false")
        # The engine's own bar writes over answers.
        connection.execute("SET enable_progress_bar = false")
        if memory_bytes is not None:
            connection.execute(f"SET memory_limit = '{int(memory_bytes)}B'")
        supply.attach(connection, source, SUPPLY, catalogue)
        hidden.prepare(connection)
        supply.check_columns(connection, catalogue, SUPPLY)
        yield connection


def _read_lists(work: _Work, lists: Lists, store_dir: Path, backend: str) -> dict[str, Any]:
    """Load everybody who has opted out, and the people; returns what the manifest says of the lists."""
    sender = supply.supplier(work.connection, SUPPLY, work.catalogue)
    if lists.signed_only and lists.type_1 is None and not sender.startswith(SYNTHETIC):
        raise _unsigned(backend)
    as_of = lists.type_1.as_of.isoformat() if lists.type_1 else _dated(work, "opt_outs_as_of")
    _check_list(store_dir, date.fromisoformat(as_of), lists.type_1, backend)
    if lists.national is not None:
        _check_list(store_dir, lists.national.as_of, lists.national, backend, kind=Kind.NATIONAL)
    with supply.unquoted("people and opt-outs"):
        _load_list(work, OPTED_OUT, work.catalogue.opt_outs, lists.type_1)
        national = _load_national(work, lists.national)
        _load_people(work)
    return {
        "opt_outs": {
            "digest": _list_digest(work, OPTED_OUT),
            "as_of": as_of,
            "document": lists.type_1.document if lists.type_1 else "",
        },
        "national_opt_outs": national,
        "supplier": sender,
    }


def _unsigned(backend: str) -> OptOutsRefused:
    """Synthetic people have nobody to sign for them; real ones do."""
    sentence = (
        "A supply of real people is loaded with a list of opt-outs that information governance has signed."
    )
    fix = "Give the signed list with --opt-outs."
    return OptOutsRefused(Reason("opt-outs-unsigned", sentence, fix, backend))


def _look_for_identifiers(work: _Work) -> None:
    work.progress("looking for hidden identifiers", 0, 1)
    with supply.unquoted("the search for hidden identifiers"):
        hidden.refuse_hidden(work.connection, work.catalogue, source=SUPPLY, people=PEOPLE)


def _check_list(
    store_dir: Path, as_of: date, given: OptOutList | None, backend: str, *, kind: Kind = Kind.TYPE_1
) -> None:
    """A list of another backend excludes nobody here, and an older one would bring people back [P6]."""
    if given is not None and (given.backend != backend or given.kind is not kind):
        sentence = f"The signed list of opt-outs is another backend's, or not of the kind {kind}."
        raise OptOutsRefused(
            Reason("opt-outs-other-list", sentence, f"Give this backend's {kind} list.", backend)
        )
    standing = standing_list(store_dir, kind)
    if standing is not None and as_of < standing:
        sentence = f"The list of opt-outs is of {as_of}, older than the one in force, of {standing}."
        raise OptOutsRefused(
            Reason("opt-outs-older", sentence, "Ask information governance for the newest.", backend)
        )


def _load_list(work: _Work, into: str, told: Mapping[str, str], newest: OptOutList | None) -> None:
    """Everyone who has opted out, by the supply's list and by the signed one. In memory alone."""
    work.connection.execute(
        f"CREATE TEMP TABLE {into} AS SELECT DISTINCT {digits(told['number'])} AS nhs_number "  # noqa: S608
        f"FROM {SUPPLY}.{told['table']} WHERE {told['number']} IS NOT NULL"
    )
    if newest is not None:
        work.connection.execute(
            f"INSERT INTO {into} SELECT unnest($numbers::VARCHAR[])", {"numbers": sorted(newest.numbers)}
        )


def _load_national(work: _Work, newest: OptOutList | None) -> dict[str, str] | None:
    """The national opt-outs, where the supply or information governance has given them; what the manifest says of them."""
    told = work.catalogue.national_opt_outs
    if told and supply.has_table(work.connection, SUPPLY, told["table"]):
        _load_list(work, NATIONAL, told, newest)
        as_of = newest.as_of.isoformat() if newest else _dated(work, "national_opt_outs_as_of")
        document = newest.document if newest else ""
        return {"digest": _list_digest(work, NATIONAL), "as_of": as_of, "document": document}
    work.connection.execute(f"CREATE TEMP TABLE {NATIONAL} (nhs_number VARCHAR)")
    if newest is None:
        return None
    numbers = {"numbers": sorted(newest.numbers)}
    work.connection.execute(f"INSERT INTO {NATIONAL} SELECT unnest($numbers::VARCHAR[])", numbers)
    return {"digest": _list_digest(work, NATIONAL), "as_of": newest.as_of.isoformat()}


def _load_people(work: _Work) -> None:
    """Everyone with a valid number: the number, the pseudonym, and the part of the store they go to. In memory alone."""
    patients = _patients(work.catalogue)
    work.progress("making pseudonyms", 0, 1)
    work.connection.execute(
        f"""
        CREATE TEMP TABLE {PEOPLE} AS
        WITH given AS (SELECT DISTINCT {digits(patients.patient.source)} AS nhs_number FROM {SUPPLY}.{patients.source})
        SELECT nhs_number, {hashed("nhs_number", "numbers")} AS patient_id,
               CASE WHEN nhs_number IN (FROM {OPTED_OUT}) THEN '{Partition.OPTED_OUT.value}'
                    WHEN nhs_number IN (FROM {NATIONAL}) THEN '{Partition.NATIONAL.value}'
                    ELSE '{Partition.MAIN.value}' END AS part
        FROM given WHERE tre_mod11(nhs_number)
        """,  # noqa: S608 - names from the checked catalogue
        _parameters("numbers", work.numbers),
    )


def _patients(catalogue: Catalogue) -> Table:
    return next(table for table in catalogue.tables if table.rows_are == "patients")


def _parameters(name: str, hasher: Hasher) -> dict[str, Any]:
    return {
        f"{name}_inner": hasher.inner,
        f"{name}_outer": hasher.outer,
        f"{name}_version": f"{hasher.version:02x}",
    }


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


def _list_digest(work: _Work, table: str) -> str:
    """A digest of a list under the backend's key, so that it says which list without saying who is on it."""
    rows = work.connection.execute(
        f"SELECT DISTINCT {hashed('nhs_number', 'numbers')}::VARCHAR FROM {table} ORDER BY 1",  # noqa: S608
        _parameters("numbers", work.numbers),
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


def _announced(told: Mapping[str, Any]) -> tuple[ListInForce, ...]:
    """What a build is about to bring, as the ledger speaks of lists."""
    return tuple(
        ListInForce(OptOutRule(kind), date.fromisoformat(each["as_of"]), each["digest"], each["document"])
        for kind in Kind
        if (each := told[MANIFEST_KEYS[kind]]) is not None
    )


def apply_opt_outs(
    store_dir: Path, newest: OptOutList, *, key: Key, register: Register = NO_REGISTER
) -> Store:
    """Make people who opted out since the store was built absent from every run from now on [P6].

    The store's files stay as they are until the next build; the engine leaves these people out of every table. The register
    is told first: from then on the store is not read until the list lies beside it, and the same list, applied again,
    completes what was broken off. Returns the store with the newer list's digest and date.

    Raises:
        OptOutsRefused: the list is another backend's, or older than the one in force.
        StoreUnavailable: there is no store to apply it to.
        KeyRefused: the key did not build this store.
    """
    store = open_built(store_dir, check=Check.SIZES)
    _check_list(store_dir, newest.as_of, newest, store.backend, kind=newest.kind)
    owner = backend_key(key, store.backend)
    if owner.version != store.key_version:
        sentence = "The store was built with a key of another version."
        raise KeyRefused(Reason("key-version", sentence, "Give the key that built it.", store.backend))
    hasher = nhs_number_hasher(owner)
    people = sorted(hasher.of(number.encode()) for number in newest.numbers)
    rule, document = OptOutRule(newest.kind), newest.document
    register.put_in_force(store.backend, ListInForce(rule, newest.as_of, list_digest(people), document))
    made_for = MadeFor(store.backend, owner.version, newest.kind)
    write_absent(store_dir, made_for, people=people, as_of=newest.as_of, document=document)
    return open_store(store_dir, check=Check.SIZES)
