"""The data room's one door for dispatch: facts about columns, questions laid out for a box, and what may be believed of answers.

Which store a request may read is decided here: a study reads the store; a maintenance job reads canaries, or the store where
it asks for aggregates alone [P3].
Refuses to lay out a question over a store that does not show the lists of opt-outs that are in force, or that would leave out
other people than the action's start says [P6]; and to hand a key to a box: an extract's box gets what one study's pseudonyms
and those of releases are made with, and nothing else [P2].
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from job_specs.model import Purpose, Resources, TableScope
from job_specs.sql.model import ColumnFact, Scope, TableFact, Units
from output_checks.ledger import Difference, Listed
from output_checks.model import Evidence
from output_checks.policy import Policy
from output_checks.question import Question
from sandboxes.model import Input
from tre.custody.context import OptOuts, StoreFacts
from tre.custody.requests import ActionKind, JobRequest, Submission
from tre.data import extract
from tre.data.behind import Behind, Latest, behind
from tre.data.catalogue import Catalogue, scope
from tre.data.copying import copied
from tre.data.errors import OptOutsRefused, Reason, StoreUnavailable
from tre.data.evidence import measure
from tre.data.extracted import opened
from tre.data.governance import Governance, require_synthetic
from tre.data.keyring import KeyRing
from tre.data.kin import Kin
from tre.data.released import Lists, differences, few
from tre.data.store import Check, Store, open_store


@dataclass(frozen=True)
class Stores:
    """Where a backend's stores are: the study store, the canaries, and its keys, which lie with neither."""

    live: Path
    canary: Path
    keys: KeyRing

    def of(self, asked: Submission) -> Path:
        """The store that a submission may read: a study's the live one; a maintenance job's the canaries, unless aggregates
        are all that it asks for, which go to the live one [P3] [P8].
        """
        aggregates = all(action.kind is ActionKind.AGGREGATE for action in asked.actions)
        study = asked.purpose is not Purpose.PLATFORM_MAINTENANCE
        return self.live if study or aggregates else self.canary

    def are_canaries(self, asked: Submission) -> bool:
        """Whether a submission reads canaries, who are nobody."""
        return self.of(asked) != self.live


class Asking(Protocol):
    """A guarded question, as dispatch brings it."""

    @property
    def sql(self) -> str:
        """The guard's canonical text."""
        ...

    @property
    def units(self) -> Units | None:
        """The queries that count people beside it; None where it is not proved."""
        ...

    @property
    def output(self) -> str:
        """The path that the spec gives the result; its ending says the format."""
        ...

    @property
    def roles(self) -> Mapping[str, str]:
        """What each output column is, in order."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values by name."""
        ...

    @property
    def resources(self) -> Resources:
        """What the action may use."""
        ...

    @property
    def datasets(self) -> tuple[TableScope, ...]:
        """The tables and columns it reads."""
        ...


@dataclass(frozen=True)
class Laid:
    """A question laid out for a box; ``kept`` are files of the engine's own that stay inside."""

    argv: tuple[str, ...]
    inputs: tuple[Input, ...]
    result: str
    kept: tuple[str, ...]


@dataclass(frozen=True)
class Counted:
    """People behind each row, what each column is, and at most what shares of a sum the largest hold."""

    per_row: tuple[int, ...]
    roles: Mapping[str, str]
    shares: Mapping[str, tuple[tuple[float, float], ...]]


class Kept(Protocol):
    """Which people of an extract a table is about, as a guarded query of one row for each of them."""

    @property
    def table(self) -> str:
        """What the query calls the extract."""
        ...

    @property
    def sql(self) -> str:
        """The guard's canonical text."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values by name."""
        ...


class Room:
    """What dispatch may ask of the data room."""

    def __init__(self, catalogue: Catalogue, stores: Stores, governance: Governance) -> None:
        """A room over one backend's stores, under what information governance has signed."""
        self.catalogue = catalogue
        self._stores = stores
        self._governance = governance
        self._lists, self._kin, self._behind = Lists(), Kin(), Latest()

    def facts(self, case: JobRequest) -> StoreFacts | None:
        """Version and opt-out lists of the store that a request would read; nothing where there is no such store [P6]."""
        try:
            store = self._store(case)
        except StoreUnavailable:
            return None
        opt_outs = OptOuts(self._whom(store, case), store.optout_list_date)
        return StoreFacts(
            store.version,
            opt_outs,
            national=store.national_list_date,
            shown=store.shown,
            of_real_people=not store.is_synthetic,
            canaries=self._stores.are_canaries(case.submission),
        )

    def population(self, case: JobRequest) -> int:
        """About how many people the store holds that a request would read, to one digit. Raises StoreUnavailable."""
        return _about(self._store(case))

    def size(self) -> int:
        """About how many people the backend's store holds, to one digit. Raises StoreUnavailable."""
        return _about(self._at(self._stores.live))

    def scope(self, datasets: tuple[TableScope, ...]) -> Scope:
        """Facts about those tables and columns, for the guard. Raises CatalogueInvalid for an unknown name."""
        return scope_of(scope(self.catalogue, _by_table(datasets)))

    def ask_aggregate(self, case: JobRequest, question: Asking, folder: Path, *, under: str) -> Laid:
        """Lay out an aggregate question beneath ``folder``; ``under`` is the opt-outs' digest of the action's start [P6]."""
        exempt, national = self._sight(case)
        store = self._store_in_force(case, under)
        request = extract.request_for_aggregate(
            store,
            self.catalogue,
            sql=question.sql,
            counting=counting_of(question.units),
            columns=question.roles,
            parameters=question.parameters,
            tables=_by_table(question.datasets),
            output=_result(question.output),
            # Who is behind the rows is listed for what can be compared with what left before: no other file can.
            studies=self._studies(store) if question.output.endswith(".csv") else None,
            limits=extract.limits_for(question.resources),
            exempt=exempt,
            national=national,
        )
        return _laid(request, folder)

    def ask_extract(self, case: JobRequest, question: Asking, folder: Path, *, under: str) -> Laid:
        """As ``ask_aggregate``, an extract; its patients carry pseudonyms of this study alone [P2]."""
        exempt, national = self._sight(case)
        store = self._store_in_force(case, under)
        request = extract.request_for_extract(
            store,
            self.catalogue,
            sql=question.sql,
            columns=tuple(question.roles),
            parameters=question.parameters,
            tables=_by_table(question.datasets),
            output=_result(question.output),
            limits=extract.limits_for(question.resources),
            studies=self._studies(store),
            study=case.submission.application,
            remembered=True,
            exempt=exempt,
            national=national,
        )
        return _laid(request, folder)

    def people(self, untrusted_units: bytes, question: Asking, *, rows: int) -> Counted:
        """Read what an aggregate's box counted, for a result of that many rows. Raises AnswerUnreadable."""
        units = extract.read_units(untrusted_units, question.roles, rows=rows)
        return Counted(units.people, units.roles, dict(extract.largest(units)))

    def differences(
        self, offered: Listed, earlier: Sequence[Listed], policy: Policy
    ) -> tuple[Difference, ...] | None:
        """The rows of a table that may not be shown beside what left before; None where nobody can tell."""
        return differences(offered, earlier, policy, self._lists)

    def related(
        self,
        own: Collection[str],
        others: Mapping[str, Collection[str]],
        get: Callable[[str], Sequence[bytes]],
    ) -> frozenset[str]:
        """Those of some requests, each with its lists of people, that have somebody in common with one, however indirectly."""
        return self._kin.related(own, others, get)

    def few(self, table: Listed, policy: Policy) -> frozenset[int]:
        """The rows of a table that are too small by themselves."""
        return few(table, policy, self._lists)

    def pseudonyms(self, content: bytes) -> frozenset[str]:
        """The pseudonyms in an extract, as the engine wrote it."""
        with opened(content, self.catalogue.patient) as extract:
            return extract.pseudonyms

    def extract_scope(self, name: str, content: bytes) -> Scope:
        """An extract as the one table, called `name`, that a declaration's `where` may speak of."""
        with opened(content, self.catalogue.patient) as extract:
            columns = tuple(ColumnFact(column, kind) for column, kind in extract.columns.items())
        return Scope((TableFact(name, columns, self.catalogue.patient, "patients"),))

    def measure(self, content: bytes, question: Question, kept: Kept | None = None) -> Evidence:
        """What an extract says about a declared table, over the people that `kept` keeps. Raises Unaskable."""
        with opened(content, self.catalogue.patient) as extract:
            if kept is not None:
                extract.keep(kept.table, kept.sql, kept.parameters)
            return measure(extract, question)

    def behind(
        self, content: bytes, link: bytes, question: Question, kept: Kept | None = None
    ) -> tuple[Behind, ...]:
        """Who is behind each row of a declared table of an extract, as released tables remember people. Raises Unaskable."""
        where = (kept.table, kept.sql, sorted(kept.parameters.items())) if kept else None
        key = (
            hashlib.sha256(content).digest()
            + hashlib.sha256(link).digest()
            + repr((question, where)).encode()
        )
        return self._behind.get(key) or self._behind.keep(
            key, self._asked_behind(content, link, question, kept)
        )

    def _asked_behind(
        self, content: bytes, link: bytes, question: Question, kept: Kept | None
    ) -> tuple[Behind, ...]:
        with opened(content, self.catalogue.patient) as extract:
            if kept is not None:
                extract.keep(kept.table, kept.sql, kept.parameters)
            return behind(extract, link, question)

    def copied(self, content: bytes, columns: Sequence[Sequence[str]]) -> frozenset[int]:
        """The rows of a table, given column by column, that are one single person's record in an extract."""
        with opened(content, self.catalogue.patient) as extract:
            return copied(extract, columns)

    def _store(self, case: JobRequest) -> Store:
        return self._at(self._stores.of(case.submission))

    def _at(self, place: Path) -> Store:
        signers = self._stores.keys.signers() if place == self._stores.live else None
        return open_store(place, check=Check.SIZES, signers=signers)

    def _store_in_force(self, case: JobRequest, under: str) -> Store:
        """The store to ask, once it is known to be under the lists in force, and the same that the start was recorded with."""
        store = self._store(case)
        if self._stores.are_canaries(case.submission):
            require_synthetic(store)
        else:
            self._governance.require_in_force(store, case.submission.backend)
        if under and under != self._whom(store, case):
            sentence = "Another list of opt-outs came into force since this action was started."
            raise OptOutsRefused(
                Reason("opt-outs-moved", sentence, "Submit the request again.", store.backend)
            )
        return store

    def _studies(self, store: Store) -> extract.StudiesKey:
        outside = (self._stores.live, self._stores.canary)
        return extract.open_studies_key(self._stores.keys.studies(store.key_version), outside=outside)

    def _whom(self, store: Store, case: JobRequest) -> str:
        """Who was left out of a run, as a digest: the list's own, or another where an exemption or the basis changes that.

        A result made under one is never taken for a result under another.
        """
        exempt, national = self._sight(case)
        if not exempt and not national:
            return store.optout_list_digest
        told = f"tre/whom/1 {store.optout_list_digest} {exempt} {national} {store.national_list_digest}"
        return hashlib.sha256(told.encode()).hexdigest()

    def _sight(self, case: JobRequest) -> tuple[bool, bool]:
        """Whether the study is exempt from type 1 opt-outs, and whether it honours national ones, as of today [P6]."""
        study = case.submission.application
        if case.submission.purpose is Purpose.PLATFORM_MAINTENANCE:
            return False, False
        return self._governance.exempt(study), self._governance.honours_national(study)


def _about(store: Store) -> int:
    """How many people a store holds, to one digit."""
    people = sum(file.rows.get("patients", 0) for file in store.groups.values())
    return round(people, 1 - len(str(people)))


def _laid(request: extract.EngineRequest, folder: Path) -> Laid:
    code = folder / "query"
    if not code.exists():
        request.write_code(code)
    kept = [name for name in request.outputs if name != request.output]
    return Laid(request.argv, (Input(code, "/code"), *request.inputs), request.output, tuple(kept))


def scope_of(known: Iterable[Mapping[str, Any]]) -> Scope:
    """Facts about tables and columns as the guard takes them."""
    return Scope(tuple(_table_fact(table) for table in known))


def counting_of(units: Units | None) -> extract.Counting | None:
    """How people are counted beside a query, as the engine is asked to."""
    if units is None:
        return None
    return extract.Counting(units.sql, units.bound, units.narrow, units.shares, units.members)


def _result(path: str) -> str:
    """The result's name in the box, with the ending that the spec declares."""
    return f"result{'.csv.gz' if path.endswith('.csv.gz') else PurePosixPath(path).suffix}"


def _by_table(datasets: tuple[TableScope, ...]) -> Mapping[str, tuple[str, ...]]:
    return {each.table: each.columns for each in datasets}


def _table_fact(known: Mapping[str, Any]) -> TableFact:
    columns = tuple(ColumnFact(each["name"], each["type"], each["dimension"]) for each in known["columns"])
    return TableFact(known["name"], columns, known["patient"], known["rows_are"])
