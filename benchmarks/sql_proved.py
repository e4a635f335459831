"""What it costs to know how many people are behind each row, where rows are patients and where they are events.

The queries that answer and count people, against the query that answers, in DuckDB with nothing around them. What the engine
does beside is the same for both and would flatter us; `in_engine` is the ratio of whole answers, readings and files included.
Rows are 20 M events in 600 groups and more.

Neither holds the list of who is behind each row, which is made once for a table that may leave, after its answer, so that it
can be compared with later ones. It has lines of its own, beside one hand-written DuckDB statement that writes the same list:
`times_the_answer` is how many times the bare answer the list takes, as the bars of the other lines are told; `mb` its size.
Refuses a table with a row that has no people, or that is another with them, a list that did not fit, or is another than by hand.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402 - the path comes first

from benchmarks._sql_store import LIMITS, PATIENTS, SITE, THREADS, facts, in_turns, line, people, timed  # noqa: E402
from job_specs.sql.guard import guard  # noqa: E402
from job_specs.sql.model import ColumnFact, Guarded, Scope, TableFact, Units  # noqa: E402
from job_specs.sql.units import units  # noqa: E402
from tre.data.catalogue import load_catalogue  # noqa: E402
from tre.data.engine.counting import answer_aggregate  # noqa: E402
from tre.data.engine.query import MEMBERS, Query, read_query  # noqa: E402
from tre.data.engine.readings import Readings  # noqa: E402
from tre.data.engine.telling import telling  # noqa: E402
from tre.data.engine.walls import bound, lock, open_store, show  # noqa: E402
from tre.data.engine.writing import pseudonyms  # noqa: E402
from tre.data.extract import Counting, request_for_aggregate  # noqa: E402
from tre.data.pseudonyms import Key, studies_key  # noqa: E402
from tre.data.store import Store  # noqa: E402

AGGREGATE_TURNS, QUERY_TURNS, LIST_TURNS = 5, 9, 2
BY_PEOPLE = "SELECT sex, region, imd_quintile, count(*) AS n FROM patients GROUP BY ALL"
BY_EVENTS = {
    "code and year": "SELECT code, year(date) AS y, count(*) AS n FROM events WHERE date >= DATE '2018-01-01' GROUP BY ALL",
    "month and kind": "SELECT date_trunc('month', date) AS m, code < '120' AS a, date_part('dow', date) % 4 AS b, count(*) AS n FROM events GROUP BY ALL",
}
GROUPS = 600
LIST_BY_HAND = """
COPY (
    WITH found AS (SELECT DISTINCT * FROM ({members})),
        everybody AS (
            SELECT tre_patient, study_pseudonym(tre_patient) AS member FROM (SELECT DISTINCT tre_patient FROM found))
    SELECT place, member FROM found JOIN answer ON {same} JOIN everybody USING (tre_patient) ORDER BY member, place
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""


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
    studies: Key | None = None,
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
        studies=studies,
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
    with locked(query) as (readings, writer), telling(query.out) as told:
        return timed(lambda: answer_aggregate(readings, writer, told))


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


def proved_beside_bare(name: str, sql: str, known: Scope, *, store: Store, files: Mapping[str, Path], folder: Path, bar: float, list_bar: float, least: int) -> None:  # fmt: skip
    """One aggregate with people and without; it counts where no row is without people and both write the same table."""
    guarded = guard(sql, known)
    found = units(guarded, known)
    assert isinstance(found, Units), name  # noqa: S101 - a benchmark of what is not proved is none
    roles = {column.name: column.role for column in found.columns}
    counting = Counting(found.sql, found.bound, found.narrow, found.shares)
    ways = []
    for way, each, key in (
        ("proved", counting, None),
        ("bare", None, None),
        ("listed", replace(counting, members=found.members), studies_key(SITE, "tpp")),
    ):
        out = folder / f"{name}-{way}".replace(" ", "-")
        out.mkdir()
        ways.append(asked(guarded, each, roles, store=store, files=files, out=out, studies=key))
    proved, bare, listed = ways
    turns = [(answered(proved), answered(bare)) for _ in range(AGGREGATE_TURNS + 1)][1:]
    whole = [median(seconds) for seconds in zip(*turns, strict=True)]
    tables = [(query.out / "table.csv").read_text("utf-8") for query in (proved, bare)]
    people = json.loads((proved.out / "units.json").read_text("utf-8"))["people"]
    line(
        f"sql_proved_where_rows_are_{name}",
        *queries_alone(proved),
        bar,
        whole=tables[0] == tables[1] and len(people) >= least and all(people),
        in_engine=round(whole[0] / whole[1], 3),
        groups=len(people),
    )
    list_beside_hand(name, listed, proved, bare=whole[1], bar=list_bar)


def list_beside_hand(name: str, listed: Query, proved: Query, *, bare: float, bar: float) -> None:
    """The list of who is behind each row, which is what an answer with it takes longer, and the same list by hand."""
    by_hand, ours = listed.out / "by_hand.parquet", listed.out / MEMBERS
    turns = [
        (answered(listed) - answered(proved), listed_by_hand(listed, by_hand)) for _ in range(LIST_TURNS + 1)
    ][1:]
    seconds, reference = (median(each) for each in zip(*turns, strict=True))
    line(
        f"sql_list_where_rows_are_{name}",
        seconds,
        reference,
        bar,
        whole=same_lists(ours, by_hand),
        times_the_answer=round(seconds / bare, 1),
        mb=round(ours.stat().st_size / 1e6, 1),
    )


def listed_by_hand(query: Query, out: Path) -> float:
    """Seconds of one statement that writes a list, where the answer is there already."""
    with duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": "3GB"}) as connection:
        open_store(connection, query)
        pseudonyms(connection, query.pseudonym)
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"CREATE TABLE answer AS SELECT (row_number() OVER () - 1)::INTEGER AS place, * FROM ({query.sql} ORDER BY ALL)"  # noqa: S608
        )
        same = " AND ".join(f"found.{key} IS NOT DISTINCT FROM answer.{key}" for key in query.dimensions)
        statement = LIST_BY_HAND.format(members=query.members, same=same, out=out)
        return timed(lambda: connection.execute(statement).fetchall())


def same_lists(*files: Path) -> bool:
    """Whether two lists have the same lines in the same order."""
    what = "count(*), sum(hash(place, member)), sum(hash(place, member) * (file_row_number % 97))"
    with duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": "3GB"}) as connection:
        read = f"SELECT {what} FROM read_parquet(?, file_row_number = true)"  # noqa: S608 - our words
        one, other = (connection.execute(read, [str(each)]).fetchall() for each in files)
    return one == other and one[0][0] > 0


def aggregates(store: Store, folder: Path) -> None:
    """Where rows are patients, and where rows are events."""
    known = facts({"patients": ["sex", "region", "imd_quintile"]})
    here = {"patients": store.files["core"]}
    proved_beside_bare(
        "patients", BY_PEOPLE, known, store=store, files=here, folder=folder, bar=1.3, list_bar=1.3, least=100
    )
    columns = (
        ColumnFact("patient_id", "UUID", dimension=False),
        ColumnFact("date", "DATE"),
        ColumnFact("code", "VARCHAR"),
    )
    known, here = Scope((TableFact("events", columns),)), {"events": events(folder)}
    for name, sql in BY_EVENTS.items():
        proved_beside_bare(
            f"events, {name}",
            sql,
            known,
            store=store,
            files=here,
            folder=folder,
            bar=2.5,
            list_bar=1.0,
            least=GROUPS,
        )


def main() -> int:
    """Print six lines."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        aggregates(people(folder), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
