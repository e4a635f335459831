"""Requests to the engine, and its answers: what goes into the `sql` box, and what may be believed of what comes out.

A request is plain data and a program: `query.json`, the engine, and the store's files that hold the approved tables,
each bound read-only. Nothing else of the store is in the box. The studies key stays on this side; a box for an extract is
given two blocks made from one study's key, with which it can make that study's pseudonyms and no other's.

It refuses a scope the store cannot answer, and answers that are not what this very request would have produced.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from job_specs.model import LEAST_OUTPUT_MB, Resources
from sandboxes.model import SCRATCH, Input
from tre.data import engine
from tre.data.absent import file_list_digest
from tre.data.catalogue import Catalogue
from tre.data.engine.query import FORMAT, LIST_PREFIX, MEMBERS, WRITTEN
from tre.data.errors import AnswerUnreadable, CatalogueInvalid, OptOutsRefused, Reason
from tre.data.laid import write_folder
from tre.data.pseudonyms import Key, load_key, study_hasher, study_key
from tre.data.store import Store

StudiesKey = Key
"""A backend's studies key, as whoever asks for an extract hands it back."""
ENGINE = Path(engine.__file__).parent
ARGV = ("python3", "-I", "/code", "/code/query.json")
START = b"""import os, sys
from engine.run import run
os._exit(run(sys.argv[1:]))  # not sys.exit: DuckDB's Python binding prints about references it still holds
"""
CLEAR = 20
"""So many people found among a part of the patients are enough for any check; fewer are counted exactly."""
UNITS = "units.json"
RELEASED = "*released*"
"""Stands where a study's name stands, and is none: what was released is remembered under pseudonyms of its own."""
REPORT = "engine.json"
MOST_AGGREGATE_ROWS = 200_000
MOST_ANSWER_BYTES = 64 << 20
ABSENT = "absent.txt"
_OWN_BYTES = 192 << 20
_DATA = PurePosixPath("/data")
_CODE = PurePosixPath("/code")


@dataclass(frozen=True)
class EngineLimits:
    """What one query may use inside its box: bytes of memory, threads, seconds, and (on request) bytes of spill."""

    memory_bytes: int = 768 << 20
    threads: int = 1
    seconds: int = 600
    spill: Mapping[str, Any] | None = None


def limits_for(resources: Resources) -> EngineLimits:
    """What the engine may use of an action's resources: Python, DuckDB's own code and what is written need some of the box's memory."""
    whole = resources.memory_mb << 20
    own = _OWN_BYTES + ((resources.output_mb - LEAST_OUTPUT_MB) << 20)
    return EngineLimits(
        memory_bytes=max(whole - own, whole // 2),
        threads=max(int(resources.cpus), 1),
        seconds=resources.seconds,
        spill={"directory": SCRATCH, "bytes": resources.disk_mb << 20} if resources.disk_mb else None,
    )


@dataclass(frozen=True)
class Counting:
    """How people are counted beside an aggregate: the queries of `job_specs.sql`'s Units, each empty where there is none."""

    units: str
    bound: str = ""
    narrow: str = ""
    shares: str = ""
    members: str = ""


@dataclass(frozen=True)
class EngineRequest:
    """Everything a runner needs to have one query answered.

    `code` is the content of the folder to bind at `/code`, by file name; `inputs` are the store's files; `outputs` are
    the patterns to collect; `store_version` and `query_digest` go into the provenance.
    """

    argv: tuple[str, ...]
    code: Mapping[str, bytes] = field(repr=False)
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    output: str
    columns: tuple[str, ...]
    roles: Mapping[str, str]
    counted: bool
    extract: bool
    store_version: str

    def write_code(self, folder: Path) -> Path:
        """Write the code folder, new, whole or not at all."""
        return write_folder(folder, self.code)


@dataclass(frozen=True)
class Units:
    """How many people are behind each row of an aggregate, in the file's order, and the shares of the largest contributors.

    A row of at least `CLEAR` people may have more than it says; a row of fewer has as many as it says.
    """

    people: tuple[int, ...]
    roles: Mapping[str, str]
    shares: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class EngineReport:
    """What the engine says of itself: `ok`, `refused` with one of its rules, or `error` with a class. Quarantined [P1]."""

    status: str
    rule: str = ""
    error: str = ""
    line: int | None = None
    rows: int = 0
    columns: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0


def request_for_aggregate(
    store: Store,
    catalogue: Catalogue,
    *,
    sql: str,
    counting: Counting | None,
    columns: Mapping[str, str],
    parameters: Mapping[str, Any],
    tables: Mapping[str, Sequence[str]],
    output: str,
    studies: Key | None = None,
    limits: EngineLimits | None = None,
    exempt: bool = False,
    national: bool = False,
    absent: Path | None = None,
) -> EngineRequest:
    """A request for a table of aggregates and, where `counting` is given, the people behind each of its rows.

    Args:
        store: the store to ask.
        catalogue: what it was built from.
        sql: the guarded query.
        counting: how people are counted beside its rows, or None where units were not proved.
        columns: the output columns in order, with their roles.
        parameters: values by name.
        tables: the approved columns of each table the query reads.
        output: path of the result, relative to the outputs folder; its suffix says the format.
        studies: this backend's studies key, from which the pseudonyms of what was released are made; nobody's members
            are written without it.
        limits: what it may use.
        exempt: whether the study is one of those that may see people who have opted out.
        national: whether the legal basis asks that national opt-outs be honoured as well.
        absent: a file of pseudonyms, one a line, of people to leave out; the store's own list of those who opted out since
            it was built, unless given.

    Raises:
        CatalogueInvalid: a table or column is not in the catalogue, or not in this store.
    """
    files = _Files(store, catalogue, tables, exempt=exempt, national=national, absent=absent)
    content = _content(files, sql, parameters, output=output, limits=limits or EngineLimits())
    remembered = studies is not None and counting is not None and bool(counting.members)
    content |= {"kind": "aggregate", "columns": list(columns), "pseudonym": None}
    content["dimensions"] = [name for name, role in columns.items() if role == "dimension"]
    content["counting"] = asdict(counting or Counting(""))
    if studies is not None and remembered:
        content["pseudonym"] = _blocks(studies, RELEASED)
    else:
        content["counting"]["members"] = ""
    kept = (*((UNITS,) if counting is not None else ()), REPORT, *((MEMBERS,) if remembered else ()))
    return _request(files, content, outputs=(output, *kept), roles=columns)


def request_for_extract(
    store: Store,
    catalogue: Catalogue,
    *,
    sql: str,
    columns: Sequence[str],
    parameters: Mapping[str, Any],
    tables: Mapping[str, Sequence[str]],
    output: str,
    studies: Key,
    study: str,
    remembered: bool = False,
    limits: EngineLimits | None = None,
    exempt: bool = False,
    national: bool = False,
    absent: Path | None = None,
) -> EngineRequest:
    """A request for one study's extract: one row per person, first column `patient_id`, under the study's pseudonyms.

    `studies` is this backend's studies key, `study` the study's id. With `remembered`, the box also leaves for the data
    room who each of the extract's people is among those behind released tables. The rest is as for `request_for_aggregate`.

    Raises:
        CatalogueInvalid: a table or column is not in the catalogue, or not in this store.
        KeyRefused: the key is not a studies key.
    """
    files = _Files(store, catalogue, tables, exempt=exempt, national=national, absent=absent)
    content = _content(files, sql, parameters, output=output, limits=limits or EngineLimits())
    content |= {"kind": "extract", "columns": list(columns), "pseudonym": _blocks(studies, study)}
    content["released"] = _blocks(studies, RELEASED) if remembered else None
    roles = dict.fromkeys(columns, "other")
    kept = (REPORT, MEMBERS) if remembered else (REPORT,)
    return _request(files, content, outputs=(output, *kept), roles=roles)


def _blocks(studies: Key, study: str) -> dict[str, str]:
    """What a box makes one study's pseudonyms with, and nobody else's."""
    hasher = study_hasher(study_key(studies, study))
    return {"inner": hasher.inner.hex(), "outer": hasher.outer.hex(), "version": f"{hasher.version:02x}"}


class _Files:
    """The store's files that hold the approved tables, where they appear in the box, and which table is in which."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        tables: Mapping[str, Sequence[str]],
        *,
        exempt: bool,
        national: bool,
        absent: Path | None,
    ) -> None:
        self.store = store
        self.parts = store.seen_by(exempt=exempt, national=national)
        # An exempt study sees those who opted out, on whichever day they did.
        own = absent or store.absent
        known = file_list_digest(absent) if absent else store.optout_list_digest
        self.absent = tuple(
            (path, digest)
            for path, digest, counts in (
                (own, known, not exempt),
                (store.national_absent, store.national_list_digest, national),
            )
            if path is not None and counts
        )
        self.together = _together(self.absent) if len(self.absent) > 1 else b""
        self.tables = {name: self._table(catalogue, name, columns) for name, columns in tables.items()}
        if not self.tables:
            raise _unknown("The query reads no table.", "")
        self.inputs = self._inputs()

    def _table(self, catalogue: Catalogue, name: str, columns: Sequence[str]) -> dict[str, Any]:
        table = catalogue.table(name)
        if table is None or name not in self.store.groups.get(table.group, _NO_FILE).rows:
            raise _unknown("The store has no such table.", name)
        known = [column.name for column in table.columns]
        for column in columns:
            if column not in known:
                raise _unknown("The store has no such column.", f"{name}.{column}")
        files = [str(_DATA / path.name) for path in self._paths(table.group)]
        approved = [column for column in known if column in columns or column == table.patient.name]
        return {"columns": approved, "patient": table.patient.name, "files": files, "group": table.group}

    def _paths(self, group: str) -> tuple[Path, ...]:
        return tuple(part[group].path for part in self.parts)

    def _inputs(self) -> tuple[Input, ...]:
        groups = dict.fromkeys(table.pop("group") for table in self.tables.values())
        sources = [path for group in groups for path in self._paths(group)]
        inputs = [Input(source, str(_DATA / source.name)) for source in sources]
        if len(self.absent) == 1:
            inputs.append(Input(self.absent[0][0], str(_DATA / ABSENT)))
        return tuple(inputs)

    @property
    def told_absent(self) -> dict[str, str] | None:
        """Where the box finds who is absent, and the digest of whom it must find there: the engine looks again [P6]."""
        if not self.absent:
            return None
        if len(self.absent) > 1:
            return {
                "file": str(_CODE / ABSENT),
                "list": hashlib.sha256(LIST_PREFIX + self.together).hexdigest(),
            }
        return {"file": str(_DATA / ABSENT), "list": self.absent[0][1]}

    def code(self) -> dict[str, bytes]:
        """Two lists of who is absent, as one."""
        return {ABSENT: self.together} if len(self.absent) > 1 else {}


def _together(lists: Sequence[tuple[Path, str]]) -> bytes:
    """Several lists as one, each the one that is in force.

    Raises:
        OptOutsRefused: one was altered since the store was opened.
    """
    contents = [path.read_bytes() for path, _ in lists]
    for content, (path, digest) in zip(contents, lists, strict=True):
        if hashlib.sha256(LIST_PREFIX + content).hexdigest() != digest:
            sentence = "The list beside the store is not what was written."
            fix = "Apply the newest signed list again."
            raise OptOutsRefused(Reason("opt-outs-altered", sentence, fix, str(path)))
    return b"".join(contents)


class _NoFile:
    rows: Mapping[str, int] = {}


_NO_FILE = _NoFile()


def _content(
    files: _Files, sql: str, parameters: Mapping[str, Any], *, output: str, limits: EngineLimits
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "sql": sql,
        "parameters": {name: _written(value) for name, value in parameters.items()},
        "tables": files.tables,
        "absent": files.told_absent,
        "counting": asdict(Counting("")),
        "dimensions": [],
        "part": _a_part(files.store),
        "provenance": {
            "store": files.store.version,
            "query": hashlib.sha256(sql.encode()).hexdigest(),
            "sql": sql,
        },
        "out": "/out",
        "output": {"path": output, "format": _format(output), "units": UNITS, "report": REPORT},
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "threads": limits.threads,
            "seconds": limits.seconds,
            "rows": MOST_AGGREGATE_ROWS,
            "clear": CLEAR,
            "spill": dict(limits.spill) if limits.spill else None,
        },
    }


def _a_part(store: Store) -> str:
    """A pseudonym below which one in sixteen of the store's patients are: all begin with the key's version."""
    return str(UUID(f"{store.key_version:02x}1".ljust(32, "0")))


def _request(
    files: _Files, content: Mapping[str, Any], *, outputs: tuple[str, ...], roles: Mapping[str, str]
) -> EngineRequest:
    modules = {f"engine/{path.name}": path.read_bytes() for path in sorted(ENGINE.glob("*.py"))}
    asked = {"query.json": json.dumps(content, sort_keys=True).encode(), "__main__.py": START}
    code = {**files.code(), **asked, **modules}
    return EngineRequest(
        argv=ARGV,
        code=code,
        inputs=files.inputs,
        outputs=outputs,
        output=content["output"]["path"],
        columns=tuple(content["columns"]),
        roles=dict(roles),
        counted=UNITS in outputs,
        extract=content["kind"] == "extract",
        store_version=files.store.version,
    )


def _written(value: Any) -> Any:
    """A parameter as JSON, a date so that it can never be taken for a text."""
    return {"date": value.isoformat()} if isinstance(value, date) else value


def _format(output: str) -> str:
    for kind in WRITTEN:
        if output.endswith(f".{kind}"):
            return kind
    sentence = f"The engine writes {', '.join(f'.{kind}' for kind in WRITTEN)}."
    raise AnswerUnreadable(Reason("output-format", sentence, "Name the output with one of these.", output))


def _unknown(sentence: str, where: str) -> CatalogueInvalid:
    fix = "See tre data catalogue for what there is."
    return CatalogueInvalid(Reason("scope-not-in-store", sentence, fix, where))


def read_units(untrusted: bytes, roles: Mapping[str, str], *, rows: int) -> Units:
    """Read the people behind each row out of the box's `units.json`, for a file of `rows` data rows.

    The roles are those of the guard: a box may not say what its own columns are.

    Raises:
        AnswerUnreadable: it is not what the engine writes for this request.
    """
    content = _json(untrusted)
    if content.get("format") != "tre-units-1" or set(content) != {"format", "people", "shares"}:
        raise _unreadable(UNITS)
    people, shares = content["people"], content["shares"]
    if not _counts(people, rows) or not isinstance(shares, dict):
        raise _unreadable(UNITS)
    if not all(isinstance(name, str) and _numbers(share, rows) for name, share in shares.items()):
        raise _unreadable(UNITS)
    return Units(tuple(people), dict(roles), {name: tuple(share) for name, share in shares.items()})


def largest(units: Units) -> Iterator[tuple[str, tuple[tuple[float, float], ...]]]:
    """For each sum: row by row, at most what share of it one person holds, and two together.

    A share that is no number is taken for the whole. Where there is nothing to share there are no shares.
    """
    for name, one in units.shares.items():
        column = name.removesuffix("__top1")
        two = units.shares.get(f"{column}__top2")
        if name != column and two is not None:
            yield column, tuple(_pair(*each) for each in zip(one, two, strict=True))


def _pair(one: float | None, two: float | None) -> tuple[float, float]:
    if one is None or two is None:
        return 0.0, 0.0
    if not (math.isfinite(one) and math.isfinite(two)):
        return 1.0, 1.0
    first = min(max(one, 0.0), 1.0)
    return first, min(max(two, first), 1.0)


def read_report(untrusted: bytes) -> EngineReport:
    """Read the engine's report of itself.

    Raises:
        AnswerUnreadable: it is not what the engine writes.
    """
    content = _json(untrusted)
    try:
        return EngineReport(
            status={"ok": "ok", "refused": "refused", "error": "error"}[content["status"]],
            rule=str(content.get("rule", ""))[:80],
            error=str(content.get("class", ""))[:40],
            line=int(content["line"]) if content.get("line") is not None else None,
            rows=int(content.get("rows", 0)),
            columns=tuple((str(one["name"]), str(one["type"])) for one in content.get("columns", ())),
            seconds=float(content.get("seconds", 0)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(REPORT) from error


def _json(untrusted: bytes) -> dict[str, Any]:
    if len(untrusted) > MOST_ANSWER_BYTES:
        raise _unreadable("a file that is too large")
    try:
        content = json.loads(untrusted)
    except (ValueError, RecursionError) as error:
        raise _unreadable("a file that is not JSON") from error
    if not isinstance(content, dict):
        raise _unreadable("a file that is not an object")
    return content


def _counts(value: Any, rows: int) -> bool:
    if not isinstance(value, list) or len(value) != rows:
        return False
    return all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value)


def _numbers(value: Any, rows: int) -> bool:
    if not isinstance(value, list) or len(value) != rows:
        return False
    return all(one is None or (isinstance(one, int | float) and not isinstance(one, bool)) for one in value)


def _unreadable(where: str) -> AnswerUnreadable:
    sentence = "The box left an answer that the engine does not write."
    return AnswerUnreadable(
        Reason("answer-unreadable", sentence, "Treat the run as failed and tell a maintainer.", where)
    )


def open_studies_key(path: Path, *, outside: Sequence[Path]) -> Key:
    """The studies key of the machine that builds extracts, kept outside every store.

    Raises:
        KeyRefused: it is missing, exposed, or lies with the data.
    """
    return load_key(path, outside=outside)
