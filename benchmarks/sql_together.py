"""What a study's five extracts would gain from one scan: each by itself, beside handwritten SQL that reads for all of them once.

10 M events of 1 M patients; the five are the typical cohort as it stood in five years. Ours are five processes of the engine, one
after another, from start to file; the other is one process that takes what all of them need of the events into a table in
memory and writes the same five Parquet files from it. Refuses to count work whose rows are not the same.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks._sql_store import PATIENTS, in_turns, line, people  # noqa: E402
from benchmarks.sql_extract import CODES, COHORT, asked, same_rows  # noqa: E402
from tre.data.store import Store  # noqa: E402

TURNS = 3
YEARS = range(2017, 2022)
ONE_SCAN = """
import duckdb, json, os, sys
store, statements = sys.argv[1:]
connection = duckdb.connect(store, read_only=True, config={"threads": 2, "memory_limit": "3GB"})
connection.execute("SET enable_progress_bar = false")
for statement in json.loads(open(statements).read()):
    connection.execute(statement)
os._exit(0)
"""
READ_ONCE = (
    f"CREATE TEMP TABLE read_events AS SELECT patient_id, date, numeric_value, snomedct_code FROM clinical_events WHERE snomedct_code IN {CODES}",  # noqa: S608 - our own words
    "CREATE TEMP TABLE read_medications AS SELECT patient_id, date FROM medications",
)


def cohort(year: int) -> str:
    """The cohort as it stood on the first day of a year."""
    return COHORT.replace("DATE '2021-01-01'", f"DATE '{year}-01-01'")


def by_hand(query: Path, folder: Path) -> Path:
    """The statements of one process for every year: read once, then write each file with the study's pseudonyms and order."""
    blocks = json.loads(query.read_text("utf-8"))["pseudonym"]
    inner = f"sha256(unhex('{blocks['inner']}') || patient_id::VARCHAR::BLOB)"
    outer = f"sha256(unhex('{blocks['outer']}') || unhex({inner}))"
    named = f"(('{blocks['version']}' || substr({outer}, 1, 30))::UUID)::VARCHAR"
    statements = list(READ_ONCE)
    for year in YEARS:
        shared = (
            cohort(year)
            .replace("FROM clinical_events", "FROM read_events")
            .replace("FROM medications", "FROM read_medications")
        )
        rows = f"SELECT {named} AS patient_id, * EXCLUDE (patient_id) FROM ({shared}) ORDER BY 1"  # noqa: S608 - our own words
        statements.append(
            f"COPY ({rows}) TO '{folder / f'{year}.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
        )
    file = folder / "statements.json"
    file.write_text(json.dumps(statements), "utf-8")
    return file


def together(store: Store, folder: Path) -> None:
    """Five extracts one after another, and all five by hand."""
    folders = [folder / str(year) for year in YEARS]
    for each in folders:
        each.mkdir()
    queries = [asked(store, each, cohort(year)) for each, year in zip(folders, YEARS, strict=True)]
    statements = by_hand(queries[0], folder)
    ours = [[sys.executable, "-I", str(each.parent / "code"), str(each)] for each in queries]
    theirs = [sys.executable, "-c", ONE_SCAN, str(store.files["core"]), str(statements)]

    def run(*commands: list[str]) -> None:
        for command in commands:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    seconds = in_turns(TURNS, lambda: run(*ours), lambda: run(theirs))
    files = [(each.parent / "cohort.parquet", folder / f"{each.parent.name}.parquet") for each in queries]
    whole = all(same_rows(*pair) > PATIENTS // 3 for pair in files)
    line("sql_extracts_beside_one_scan", *seconds, 1.15, whole=whole, extracts=len(queries))


def main() -> int:
    """Print one line."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        together(people(folder), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
