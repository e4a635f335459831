"""How fast the engine answers, beside the same DuckDB doing the bare work on the same store in the same run.

- extract: a typical cohort of 1 M patients and 10 M events, under a study's pseudonyms and in their order, beside handwritten
  SQL that writes the same Parquet: same rows, same pseudonyms, same order. Each is a process of its own, from its start to its
  file. `unlike` says what the handwritten SQL takes that leaves the store's own pseudonyms and order in the file, which may
  never leave: the price of P2.
- proved aggregates: the queries that answer and count people beside every row, against the query that answers, in DuckDB and
  nothing around them: where rows are patients, and where rows are events (20 M, 600 groups). Everything that the engine does
  beside is the same for both and would flatter us; `in_engine` is the ratio of whole answers, readings and files included.

Refuses to count work whose rows are not all there, or whose people are not proved.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402 - the path comes first

from job_specs.sql.guard import guard, guard_extract  # noqa: E402
from job_specs.sql.model import ColumnFact, Guarded, Scope, TableFact, Units  # noqa: E402
from job_specs.sql.units import units  # noqa: E402
from tre.data.catalogue import load_catalogue, scope  # noqa: E402
from tre.data.engine.counting import answer_aggregate  # noqa: E402
from tre.data.engine.query import Query, read_query  # noqa: E402
from tre.data.engine.readings import Readings  # noqa: E402
from tre.data.engine.walls import bound, lock, open_store, show  # noqa: E402
from tre.data.extract import Counting, EngineLimits, EngineRequest, request_for_aggregate, request_for_extract  # noqa: E402
from tre.data.ingest import ingest  # noqa: E402
from tre.data.pseudonyms import Key, Role, studies_key  # noqa: E402
from tre.data.store import Store  # noqa: E402
from tre.data.store import open_store as opened  # noqa: E402
from tre.data.synth import synthesise  # noqa: E402

PATIENTS = int(os.environ.get("TRE_BENCH_PATIENTS", "1000000"))
"""Fewer are for looking at the benchmark itself; a figure is claimed of a million."""
EVENTS_EACH, TURNS, AGGREGATE_TURNS, QUERY_TURNS, THREADS = 10, 3, 5, 9, 2
SITE = Key(Role.SITE, 1, "", bytes(range(32)))
LIMITS = EngineLimits(memory_bytes=3 << 30, threads=THREADS)
CODES = ("1019999999106", "1029999999104", "1039999999102", "1049999999107", "1579999999106", "1589999999108")
COHORT = f"""
    SELECT p.patient_id, p.sex, date_diff('year', p.date_of_birth, DATE '2021-01-01') AS age,
           date_diff('year', p.date_of_birth, DATE '2021-01-01') // 10 AS age_band, p.region, p.imd_quintile,
           e.latest_date, e.latest_value, coalesce(e.n, 0) AS n, coalesce(e.n_last_year, 0) AS n_last_year, e.mean_value,
           m.patient_id IS NOT NULL AS medicated
    FROM patients AS p
    LEFT JOIN (
        SELECT patient_id, max(date) AS latest_date, max(numeric_value) AS latest_value,
               count(*) AS n, count(*) FILTER (WHERE date >= DATE '2020-01-01') AS n_last_year,
               avg(numeric_value) AS mean_value
        FROM clinical_events WHERE date < DATE '2021-01-01' AND snomedct_code IN {CODES} GROUP BY patient_id) AS e
        ON e.patient_id = p.patient_id
    LEFT JOIN (SELECT DISTINCT patient_id FROM medications WHERE date < DATE '2021-01-01') AS m ON m.patient_id = p.patient_id
    WHERE p.sex IN ('female', 'male') AND p.date_of_birth < DATE '2003-01-01'
"""  # noqa: S608 - our own words
TABLES = {
    "patients": ["sex", "date_of_birth", "region", "imd_quintile"],
    "clinical_events": ["date", "snomedct_code", "numeric_value"],
    "medications": ["date"],
}
BARE = """
import duckdb, os, sys
store, query, out = sys.argv[1:]
connection = duckdb.connect(store, read_only=True, config={"threads": 2, "memory_limit": "3GB"})
connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
os._exit(0)
"""
BY_PEOPLE = "SELECT sex, region, imd_quintile, count(*) AS n FROM patients GROUP BY ALL"
BY_EVENTS = {
    "code and year": "SELECT code, year(date) AS y, count(*) AS n FROM events WHERE date >= DATE '2018-01-01' GROUP BY ALL",
    "month and kind": "SELECT date_trunc('month', date) AS m, code < '120' AS a, date_part('dow', date) % 4 AS b, count(*) AS n FROM events GROUP BY ALL",
}
GROUPS = 600


def line(name: str, ours: float, reference: float, bar: float, *, whole: bool, **more: Any) -> None:
    """Print one result; less is better."""
    ratio = ours / reference
    result = {
        "name": name,
        "ours": round(ours, 3),
        "reference": round(reference, 3),
        "ratio": round(ratio, 3),
    }
    print(json.dumps(result | {"bar": bar, "ok": ratio <= bar and whole} | more), flush=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(turns: int, *works: Callable[[], object]) -> tuple[float, ...]:
    """The median seconds of each work, all of them in turns; the first round only warms the files."""
    rounds = [tuple(timed(work) for work in works) for _ in range(turns + 1)][1:]
    return tuple(median(seconds) for seconds in zip(*rounds, strict=True))


def people(folder: Path) -> Store:
    """A store of a million people and ten million coded events."""
    supply = folder / "supply.duckdb"
    synthesise(supply, patients=PATIENTS, seed=7, events_per_patient=EVENTS_EACH)
    ingest(supply, folder / "store", key=SITE, backend="tpp", at=datetime(2026, 1, 5, tzinfo=UTC))
    supply.unlink()
    return opened(folder / "store")


def facts(tables: Mapping[str, list[str]]) -> Scope:
    """Those tables as the guard knows them."""
    known = scope(load_catalogue(), tables)
    return Scope(tuple(_fact(table) for table in known))


def _fact(known: Mapping[str, Any]) -> TableFact:
    columns = tuple(ColumnFact(each["name"], each["type"], each["dimension"]) for each in known["columns"])
    return TableFact(known["name"], columns, known["patient"], known["rows_are"])


def laid_out(request: EngineRequest, folder: Path, files: list[Path]) -> Path:
    """The engine and its question as they lie in a box; the question's path."""
    request.write_code(folder / "code")
    content = json.loads(request.code["query.json"]) | {"out": str(folder)}
    for table in content["tables"].values():
        table["files"] = [str(file) for file in files]
    query = folder / "query.json"
    query.write_text(json.dumps(content), "utf-8")
    return query


def extract(store: Store, folder: Path) -> None:
    """The engine as its own process, and handwritten SQL as its own process."""
    guarded = guard_extract(COHORT, facts(TABLES))
    request = request_for_extract(
        store,
        load_catalogue(),
        sql=guarded.sql,
        columns=guarded.output_columns,
        parameters={},
        tables=TABLES,
        output="cohort.parquet",
        studies=studies_key(SITE, "tpp"),
        study="bench",
        limits=LIMITS,
    )
    core = store.files["core"]
    query = laid_out(request, folder, [core])
    blocks = json.loads(query.read_text("utf-8"))["pseudonym"]
    pseudonym = (
        f"('{blocks['version']}' || substr(sha256(unhex('{blocks['outer']}') || unhex(sha256(unhex('{blocks['inner']}') "
        "|| patient_id::VARCHAR::BLOB))), 1, 30))"
    )
    as_uuid = f"({pseudonym}::UUID)::VARCHAR"
    same = f"SELECT {as_uuid} AS patient_id, * EXCLUDE (patient_id) FROM ({COHORT}) ORDER BY 1"  # noqa: S608 - our own words
    commands = (
        [sys.executable, "-I", str(folder / "code"), str(query)],
        [sys.executable, "-c", BARE, str(core), same, str(folder / "same.parquet")],
        [sys.executable, "-c", BARE, str(core), COHORT, str(folder / "bare.parquet")],
    )
    seconds = in_turns(
        TURNS, *(lambda command=command: subprocess.run(command, check=True) for command in commands)
    )
    rows = [f"FROM '{folder / name}'" for name in ("cohort.parquet", "same.parquet")]
    with duckdb.connect(":memory:") as connection:
        unlike = connection.execute(
            f"SELECT count(*) FROM (({rows[0]} EXCEPT ALL {rows[1]}) UNION ALL ({rows[1]} EXCEPT ALL {rows[0]}))"  # noqa: S608
        )
        whole = (
            unlike.fetchall() == [(0,)]
            and connection.execute(f"SELECT count(*) {rows[0]}").fetchall()[0][0] > PATIENTS // 2
        )
    line("sql_extract_beside_handwritten", *seconds[:2], 1.15, whole=whole, unlike=round(seconds[2], 3))


def events(folder: Path) -> Path:
    """Twenty million events of a million people in a store's shape: by code, patient and date."""
    path = folder / "events.duckdb"
    with duckdb.connect(str(path), config={"threads": THREADS, "memory_limit": "4GB"}) as connection:
        connection.execute(
            f"CREATE TABLE who AS SELECT row_number() OVER () - 1 AS i, ('01' || substr(sha256(i::VARCHAR), 1, 30))::UUID AS id FROM range({PATIENTS}) t(i)"  # noqa: S608
        )
        connection.execute(
            "CREATE TABLE events AS SELECT who.id AS patient_id, DATE '2015-01-01' + (hash(e * 1000003 + 1) % 2922)::INT AS date, "  # noqa: S608
            "(100 + hash(e * 1000003 + 2) % 120)::VARCHAR AS code "
            f"FROM range({20 * PATIENTS}) t(e) JOIN who ON who.i = (hash(e * 1000003 + 7) % {PATIENTS})::BIGINT "
            "ORDER BY code, patient_id, date"
        )
        connection.execute("DROP TABLE who")
    return path


def asked(
    guarded: Guarded,
    counting: Counting | None,
    roles: Mapping[str, str],
    *,
    store: Store,
    files: Mapping[str, Path],
    out: Path,
) -> Query:
    """A question as the engine reads it."""
    tables = {read.table: list({"patient_id": 0, **dict.fromkeys(read.columns)}) for read in guarded.tables}
    request = request_for_aggregate(
        store,
        load_catalogue(),
        sql=guarded.sql,
        counting=counting,
        columns=roles,
        parameters={},
        tables={"patients": ["sex"]},
        output="table.csv",
        limits=LIMITS,
    )
    content = json.loads(request.code["query.json"]) | {"out": str(out), "absent": None}
    content["tables"] = {
        name: {"columns": columns, "patient": "patient_id", "files": [str(files[name])]}
        for name, columns in tables.items()
    }
    return read_query(content)


@contextmanager
def locked(query: Query) -> Iterator[tuple[Readings, duckdb.DuckDBPyConnection]]:
    """The engine's two databases, as they stand before a question is answered."""
    with duckdb.connect(":memory:") as patients, duckdb.connect(":memory:") as writer:
        names = open_store(patients, query)
        lock(patients, query.limits)
        bound(writer, query.limits, share=0.25)
        yield Readings(patients, query, names), writer


def answered(query: Query) -> float:
    """Seconds from an open store to written files."""
    with locked(query) as (readings, writer):
        return timed(lambda: answer_aggregate(readings, writer))


def queries_alone(query: Query) -> tuple[float, float]:
    """The median seconds of the queries that prove and answer, and of the one that answers."""
    with locked(query) as (readings, _):
        patients = readings.patients

        def proving() -> None:
            if not query.bound:
                patients.execute(query.units_sql).fetchall()
                return
            patients.execute(query.sql).fetchall()
            show(patients, query, below=query.part)
            patients.execute(query.bound).fetchall()
            show(patients, query)

        ours, reference = in_turns(QUERY_TURNS, proving, lambda: patients.execute(query.sql).fetchall())
        return ours, reference


def proved_beside_bare(name: str, sql: str, known: Scope, *, store: Store, files: Mapping[str, Path], folder: Path, bar: float, least: int) -> None:  # fmt: skip
    """One aggregate with people and without; it counts where no row is without people and both write the same table."""
    guarded = guard(sql, known)
    found = units(guarded, known)
    assert isinstance(found, Units), name  # noqa: S101 - a benchmark of what is not proved is none
    roles = {column.name: column.role for column in found.columns}
    ways = []
    for way, each in (
        ("proved", Counting(found.sql, found.bound, found.narrow, found.shares)),
        ("bare", None),
    ):
        out = folder / f"{name}-{way}".replace(" ", "-")
        out.mkdir()
        ways.append(asked(guarded, each, roles, store=store, files=files, out=out))
    turns = [tuple(answered(query) for query in ways) for _ in range(AGGREGATE_TURNS + 1)][1:]
    whole = [median(seconds) for seconds in zip(*turns, strict=True)]
    tables = [(query.out / "table.csv").read_text("utf-8") for query in ways]
    people = json.loads((ways[0].out / "units.json").read_text("utf-8"))["people"]
    line(
        f"sql_proved_where_rows_are_{name}",
        *queries_alone(ways[0]),
        bar,
        whole=tables[0] == tables[1] and len(people) >= least and all(people),
        in_engine=round(whole[0] / whole[1], 3),
        groups=len(people),
    )


def aggregates(store: Store, folder: Path) -> None:
    """Where rows are patients, and where rows are events."""
    known = facts({"patients": ["sex", "region", "imd_quintile"]})
    here = {"patients": store.files["core"]}
    proved_beside_bare(
        "patients", BY_PEOPLE, known, store=store, files=here, folder=folder, bar=1.3, least=100
    )
    columns = (
        ColumnFact("patient_id", "UUID", dimension=False),
        ColumnFact("date", "DATE"),
        ColumnFact("code", "VARCHAR"),
    )
    known, here = Scope((TableFact("events", columns),)), {"events": events(folder)}
    for name, sql in BY_EVENTS.items():
        proved_beside_bare(
            f"events, {name}", sql, known, store=store, files=here, folder=folder, bar=2.5, least=GROUPS
        )


def main() -> int:
    """Measure all three."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        store = people(folder)
        aggregates(store, folder)
        extract(store, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
