"""How fast the data room is: people made, supplies ingested, extracts answered, each beside DuckDB doing the bare work.

- synth: seconds for 100,000 people with 8.5 million coded events, against a tenth of the minute a million may take. Time is
  what two idle cores would need: processor seconds over two, since a benchmark cannot ask its neighbours to leave.
- ingest: beside DuckDB copying and sorting the same columns of the same supply into files, without a pseudonym.
- extract: the engine, with its walls and its study pseudonyms, beside handwritten DuckDB SQL that writes the same Parquet.

Each pair runs in turns in the same process on the same files. Refuses to count work whose rows are not all there.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb

from tre.data.catalogue import Catalogue, load_catalogue
from tre.data.extract import EngineLimits, request_for_extract
from tre.data.ingest import ingest
from tre.data.pseudonyms import Key, Role, studies_key
from tre.data.store import Store, open_store
from tre.data.synth import synthesise

PATIENTS, EVENTS, TURNS = 100_000, 85, 2
AT = datetime(2026, 1, 5, tzinfo=UTC)
SITE = Key(Role.SITE, 1, "", bytes(range(32)))
CODES = ("1019999999106", "1029999999104", "1039999999102", "1049999999107", "1579999999106", "1589999999108")
QUERY = f"""
    SELECT p.patient_id, p.sex, date_diff('year', p.date_of_birth, DATE '2021-01-01') AS age,
           date_diff('year', p.date_of_birth, DATE '2021-01-01') // 10 AS age_band, p.region, p.imd_quintile,
           e.latest_date, e.latest_value, coalesce(e.n, 0) AS n, coalesce(e.n_last_year, 0) AS n_last_year, e.mean_value,
           m.patient_id IS NOT NULL AS medicated
    FROM patients AS p
    LEFT JOIN (
        SELECT patient_id, max(date) AS latest_date, arg_max(numeric_value, (date, numeric_value)) AS latest_value,
               count(*) AS n, count(*) FILTER (WHERE date >= DATE '2020-01-01') AS n_last_year,
               avg(numeric_value) AS mean_value
        FROM clinical_events WHERE date < DATE '2021-01-01' AND snomedct_code IN {CODES} GROUP BY patient_id) AS e
        USING (patient_id)
    LEFT JOIN (SELECT DISTINCT patient_id FROM medications WHERE date < DATE '2021-01-01') AS m USING (patient_id)
    WHERE p.sex IN ('female', 'male') AND p.date_of_birth < DATE '2003-01-01'
"""  # noqa: S608 - our own words
COLUMNS = (
    "patient_id",
    "sex",
    "age",
    "age_band",
    "region",
    "imd_quintile",
    "latest_date",
    "latest_value",
    "n",
    "n_last_year",
    "mean_value",
    "medicated",
)
TABLES = {
    "patients": ["sex", "date_of_birth", "region", "imd_quintile"],
    "clinical_events": ["date", "snomedct_code", "numeric_value"],
    "medications": ["date"],
}
BARE = """
import duckdb, sys
store, query, out = sys.argv[1:]
with duckdb.connect(store, read_only=True, config={"threads": 2, "memory_limit": "2GB"}) as connection:
    connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
"""


def line(name: str, ours: float, reference: float, bar: float, *, whole: bool) -> None:
    """Print one result; less is better."""
    ratio = ours / reference
    result = {
        "name": name,
        "ours": round(ours, 2),
        "reference": round(reference, 2),
        "ratio": round(ratio, 3),
    }
    print(json.dumps(result | {"bar": bar, "ok": ratio <= bar and whole}), flush=True)


def processor() -> float:
    """Processor seconds this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def synth(path: Path) -> None:
    """Make the people."""
    began = processor()
    report = synthesise(path, patients=PATIENTS, seed=7, events_per_patient=EVENTS)
    seconds = (processor() - began) / 2
    whole = report.rows["person_record"] == PATIENTS and report.rows["coded_event"] >= 0.9 * PATIENTS * EVENTS
    line("data_synth_seconds_100k_people", seconds, 6.0, 1.0, whole=whole)


def ingest_beside_copy(supply: Path, folder: Path) -> Store:
    """Ingest, and copy the same columns in the same order."""
    catalogue = load_catalogue()
    turns = []
    for turn in range(TURNS):
        ours = timed(lambda: ingest(supply, folder / "store", key=SITE, backend="tpp", at=AT))
        into = folder / f"copy-{turn}.duckdb"
        turns.append((ours, timed(lambda into=into: copied(supply, into, catalogue))))
        into.unlink()
    store = open_store(folder / "store")
    rows = sum(rows for part in store.parts.values() for file in part.values() for rows in file.rows.values())
    with duckdb.connect(str(supply), read_only=True) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table.source}").fetchone()  # noqa: S608
            for table in catalogue.tables
        ]
    whole = rows == sum(row[0] for row in counts if row)
    line(
        "data_ingest_beside_copy_and_sort",
        *(median(column) for column in zip(*turns, strict=True)),
        2.0,
        whole=whole,
    )
    return store


def copied(supply: Path, into: Path, catalogue: Catalogue) -> None:
    """DuckDB's own copy and sort of the columns that land."""
    with duckdb.connect(str(into)) as connection:
        connection.execute(f"ATTACH '{supply}' AS supply_in (READ_ONLY)")
        for table in catalogue.tables:
            number = table.patient.source
            columns = ", ".join(f"{column.source} AS {column.name}" for column in table.columns)
            order = ", ".join(number if column == catalogue.patient else column for column in table.order)
            connection.execute(
                f"CREATE TABLE {table.name} AS SELECT {columns} FROM supply_in.{table.source} ORDER BY {order}"  # noqa: S608
            )


def extract_beside_bare(store: Store, folder: Path) -> None:
    """The engine as its own process, and handwritten SQL as its own process."""
    request = request_for_extract(
        store,
        load_catalogue(),
        sql=QUERY,
        columns=COLUMNS,
        parameters={},
        tables=TABLES,
        output="cohort.parquet",
        studies=studies_key(SITE, "tpp"),
        study="bench",
        limits=EngineLimits(memory_bytes=2 << 30, threads=2),
    )
    content = json.loads(request.code["query.json"]) | {"out": str(folder)}
    for table in content["tables"].values():
        table["files"] = [str(store.files["core"])]
    query = folder / "query.json"
    query.write_text(json.dumps(content), "utf-8")
    engine = folder / "engine.py"
    engine.write_bytes(request.code["engine.py"])
    bare = [sys.executable, "-c", BARE, str(store.files["core"]), QUERY, str(folder / "bare.parquet")]
    turns = [
        tuple(timed(lambda command=command: subprocess.run(command, check=True)) for command in (
            [sys.executable, str(engine), str(query)], bare))
        for _ in range(TURNS)
    ]  # fmt: skip
    with duckdb.connect(":memory:") as connection:
        counts = [
            connection.execute(f"SELECT count(*), sum(n) FROM '{folder / name}'").fetchone()  # noqa: S608
            for name in ("cohort.parquet", "bare.parquet")
        ]
    line(
        "data_extract_beside_handwritten",
        *(median(column) for column in zip(*turns, strict=True)),
        1.15,
        whole=counts[0] == counts[1],
    )


def main() -> int:
    """Measure all three."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        supply = folder / "supply.duckdb"
        synth(supply)
        store = ingest_beside_copy(supply, folder)
        extract_beside_bare(store, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
