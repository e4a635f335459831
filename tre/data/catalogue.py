"""The catalogue: what the store holds, who controls it, and how fine a released table may be.

`catalogues/<backend>.toml` is checked when it is read, so that a Catalogue in hand is one that ingest, the guard and the checks
can rely on. It refuses unknown keys, tables without a patient, transforms that would let an identifier through, and
a scope that names anything it does not know.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tre.data.errors import CatalogueInvalid, Reason

CATALOGUES = Path(__file__).parent / "catalogues"
CATALOGUE = CATALOGUES / "tpp.toml"
BACKENDS = ("tpp", "emis")
TYPES = frozenset({"UUID", "DATE", "VARCHAR", "INTEGER", "BIGINT", "DOUBLE", "BOOLEAN"})
ROWS_ARE = frozenset({"patients", "events"})


class Transform(StrEnum):
    """What happens to a column between the supplier and the store."""

    PSEUDONYM = "pseudonym"
    PRACTICE = "practice"
    MONTH = "month"
    DATE = "date"
    COPY = "copy"


class Sensitivity(StrEnum):
    """How a column could harm: it is a pseudonym, personal, special-category, or names an organisation."""

    PSEUDONYM = "pseudonym"
    PERSONAL = "personal"
    SPECIAL = "special"
    ORGANISATION = "organisation"


@dataclass(frozen=True)
class Column:
    """One column of the store: its meaning, where it comes from, and what may be done with it."""

    name: str
    type: str
    meaning: str
    source: str
    transform: Transform
    sensitivity: Sensitivity
    dimension: bool = False
    generalise: str | None = None
    coding: str | None = None
    quality: str | None = None
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a column that could not be built or that releases what may never be released."""
        if not (self.name.isidentifier() and self.name.islower() and self.source.isidentifier()):
            raise _invalid("its name or its source is not a plain lower-case word", self.name)
        if self.type not in TYPES:
            raise _invalid(f"its type {self.type!r} is not one of {', '.join(sorted(TYPES))}", self.name)
        if not self.meaning.strip():
            raise _invalid("it says nothing about its meaning", self.name)
        keyed = self.transform in {Transform.PSEUDONYM, Transform.PRACTICE}
        if keyed != (self.type == "UUID"):
            raise _invalid("a pseudonym is a UUID, and nothing else is", self.name)
        if self.dimension and self.sensitivity in {Sensitivity.PSEUDONYM, Sensitivity.ORGANISATION}:
            raise _invalid("it names a person or an organisation and can never be a dimension", self.name)
        if self.type == "DATE" and self.transform not in {Transform.DATE, Transform.MONTH}:
            raise _invalid("a date must be read as a date or as a month", self.name)


@dataclass(frozen=True)
class Table:
    """One table of the store, in one permission group, whose rows all belong to a person."""

    name: str
    meaning: str
    group: str
    controller: str
    source: str
    rows_are: str
    order: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Refuse a table without exactly one patient, or sorted by what it does not hold."""
        if self.rows_are not in ROWS_ARE:
            raise _invalid("rows_are must be patients or events", self.name)
        patients = [column for column in self.columns if column.transform is Transform.PSEUDONYM]
        if len(patients) != 1:
            raise _invalid("it must have exactly one column that is the patient", self.name)
        if missing := set(self.order) - {column.name for column in self.columns}:
            raise _invalid(
                f"it is ordered by {', '.join(sorted(missing))}, which it does not hold", self.name
            )

    def column(self, name: str) -> Column | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def patient(self) -> Column:
        """The column that is the patient."""
        return next(column for column in self.columns if column.transform is Transform.PSEUDONYM)


@dataclass(frozen=True)
class Catalogue:
    """Every table of a backend's store; `digest` is of the file it was read from."""

    backend: str
    version: str
    digest: str
    patient: str
    tables: tuple[Table, ...]
    groups: Mapping[str, str]
    controllers: Mapping[str, str]
    opt_outs: Mapping[str, str] = field(default_factory=dict)
    national_opt_outs: Mapping[str, str] = field(default_factory=dict)
    supply: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse groups and controllers that are not defined, and a patient with two names."""
        for table in self.tables:
            if table.group not in self.groups:
                raise _invalid(f"its group {table.group!r} is not defined", table.name)
            if table.controller not in self.controllers:
                raise _invalid(f"its controller {table.controller!r} is not defined", table.name)
            if table.patient.name != self.patient:
                raise _invalid(f"its patient is not called {self.patient}", table.name)

    def table(self, name: str) -> Table | None:
        """The table of that name, if there is one."""
        return next((table for table in self.tables if table.name == name), None)

    def group_of(self, names: Iterable[str]) -> frozenset[str]:
        """The permission groups that hold these tables."""
        wanted = set(names)
        return frozenset(table.group for table in self.tables if table.name in wanted)


def load_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """Read and check a catalogue.

    Raises:
        CatalogueInvalid: it cannot be read, has an unknown key, or contradicts itself.
    """
    try:
        content = path.read_bytes()
        untrusted = tomllib.loads(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueInvalid(
            Reason("catalogue-unreadable", "The catalogue cannot be read.", "Restore the file.", str(path))
        ) from error
    untrusted_tables = untrusted.pop("tables", {})
    tables = tuple(_table(name, untrusted_table) for name, untrusted_table in untrusted_tables.items())
    try:
        return Catalogue(tables=tables, digest=hashlib.sha256(content).hexdigest(), **untrusted)
    except TypeError as error:
        raise _invalid("it has a key that is not known, or lacks one", "catalogue") from error


def catalogue_of(backend: str) -> Catalogue:
    """The catalogue of one of the two backends.

    Raises:
        CatalogueInvalid: there is no such backend.
    """
    if backend not in BACKENDS:
        sentence = f"There is no backend {backend!r:.40}."
        raise CatalogueInvalid(
            Reason("backend-unknown", sentence, f"There are: {', '.join(BACKENDS)}.", "backend")
        )
    return load_catalogue(CATALOGUES / f"{backend}.toml")


def _table(name: str, untrusted: Mapping[str, Any]) -> Table:
    fields = dict(untrusted)
    columns = tuple(_column(f"{key}", column) for key, column in fields.pop("columns", {}).items())
    try:
        return Table(name=name, columns=columns, order=tuple(fields.pop("order", ())), **fields)
    except TypeError as error:
        raise _invalid("it has a key that is not known, or lacks one", name) from error


def _column(name: str, untrusted: Mapping[str, Any]) -> Column:
    fields = dict(untrusted)
    try:
        transform = Transform(fields.pop("transform", ""))
        sensitivity = Sensitivity(fields.pop("sensitivity", ""))
        categories = tuple(fields.pop("categories", ()))
        return Column(
            name=name, transform=transform, sensitivity=sensitivity, categories=categories, **fields
        )
    except (TypeError, ValueError) as error:
        raise _invalid("it has a key or a word that is not known, or lacks one", name) from error


def scope(catalogue: Catalogue, approved: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], ...]:
    """What an approval lets a query touch, as plain data for `job_specs.sql` [P8].

    One mapping per table: `name`, `patient`, `rows_are`, and `columns`, each with `name`, `type` and `dimension`. The
    patient column is always among them: without it nobody could count people.

    Raises:
        CatalogueInvalid: the approval names a table or a column that is not in the catalogue, or none at all.
    """
    unknown = tuple(_unknown(catalogue, approved))
    if unknown:
        raise CatalogueInvalid(*unknown)
    if not approved:
        raise CatalogueInvalid(
            Reason("scope-empty", "The approval names no table.", "Name the tables and columns it covers.")
        )
    return tuple(
        _table_scope(table, frozenset(approved[table.name]))
        for table in catalogue.tables
        if table.name in approved
    )


def _table_scope(table: Table, approved: frozenset[str]) -> dict[str, Any]:
    return {
        "name": table.name,
        "patient": table.patient.name,
        "rows_are": table.rows_are,
        "columns": [
            {"name": column.name, "type": column.type, "dimension": column.dimension}
            for column in table.columns
            if column.name in approved or column is table.patient
        ],
    }


def _unknown(catalogue: Catalogue, approved: Mapping[str, Sequence[str]]) -> Iterable[Reason]:
    for name, columns in approved.items():
        table = catalogue.table(name)
        if table is None:
            yield _not_there("table", name, [table.name for table in catalogue.tables])
            continue
        known = [column.name for column in table.columns]
        for column in columns:
            if column not in known:
                yield _not_there(
                    "column", f"{name}.{column}", [f"{name}.{known_name}" for known_name in known]
                )


def _not_there(kind: str, name: str, known: Sequence[str]) -> Reason:
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    return Reason(f"{kind}-unknown", f"The catalogue has no {kind} {name!r:.80}.", fix, "catalogue")


def _invalid(what: str, where: str) -> CatalogueInvalid:
    return CatalogueInvalid(
        Reason(
            "catalogue-invalid",
            f"The catalogue is not sound: {what}.",
            "Correct the backend's file in tre/data/catalogues.",
            where,
        )
    )
