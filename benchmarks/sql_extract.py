"""How fast an extract is: a typical cohort of 1 M patients and 10 M events, beside handwritten SQL that writes the same Parquet.

The same rows, under the same study's pseudonyms, in their order; each way is a process of its own, from its start to its file.
`unlike` says what handwritten SQL takes that leaves the store's own pseudonyms and order in the file, which may never leave:
the price of P2. Refuses to count work whose rows are not all there.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402 - the path comes first

from benchmarks._sql_store import LIMITS, PATIENTS, SITE, facts, in_turns, line, people  # noqa: E402
from job_specs.sql.guard import guard_extract  # noqa: E402
from tre.data.catalogue import load_catalogue  # noqa: E402
from tre.data.extract import EngineRequest, request_for_extract  # noqa: E402
from tre.data.pseudonyms import studies_key  # noqa: E402
from tre.data.store import Store  # noqa: E402

TURNS = 3
CODES = ("1019999999106", "1029999999104", "1039999999102", "1049999999107", "1579999999106", "1589999999108")
COHORT = f"""
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
connection.execute("SET enable_progress_bar = false")
connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
os._exit(0)
"""


def laid_out(request: EngineRequest, folder: Path, files: list[Path]) -> Path:
    """The engine and its question as they lie in a box; the question's path."""
    request.write_code(folder / "code")
    content = json.loads(request.code["query.json"]) | {"out": str(folder)}
    for table in content["tables"].values():
        table["files"] = [str(file) for file in files]
    query = folder / "query.json"
    query.write_text(json.dumps(content), "utf-8")
    return query


def same_rows(ours: Path, theirs: Path) -> int:
    """How many rows two files have, where they are the same rows in the same order; 0 where they are not.

    A mean of numbers with a fraction is the same to twelve digits and no further: two threads add them up in an order of
    the moment, and handwritten SQL run twice differs from itself in the last bit of some thousands of rows.
    """
    with duckdb.connect(":memory:") as connection:
        names = [row[0] for row in connection.execute(f"DESCRIBE FROM '{theirs}'").fetchall()]
        apart = [f"ours.{name} IS DISTINCT FROM theirs.{name}" for name in names if name != "mean_value"]
        near = "abs(ours.mean_value - theirs.mean_value) <= 1e-12 * abs(theirs.mean_value)"
        both = "ours.mean_value IS NULL AND theirs.mean_value IS NULL"
        found = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE {' OR '.join(apart)} OR NOT ({both} OR coalesce({near}, false))) "  # noqa: S608 - our own words
            f"FROM '{ours}' AS ours POSITIONAL JOIN '{theirs}' AS theirs"
        ).fetchall()[0]
    return int(found[0]) if found[1] == 0 else 0


def asked(store: Store, folder: Path, sql: str) -> Path:
    """The engine's question for one extract, laid out in a folder; the question's path."""
    guarded = guard_extract(sql, facts(TABLES))
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
    return laid_out(request, folder, [store.files["core"]])


def extract(store: Store, folder: Path) -> None:
    """The engine as its own process, and handwritten SQL as its own process."""
    core = store.files["core"]
    query = asked(store, folder, COHORT)
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
        TURNS,
        *(
            lambda command=command: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            for command in commands
        ),
    )
    whole = same_rows(folder / "cohort.parquet", folder / "same.parquet") > PATIENTS // 2
    line("sql_extract_beside_handwritten", *seconds[:2], 1.15, whole=whole, unlike=round(seconds[2], 3))


def main() -> int:
    """Print one line."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        extract(people(folder), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
