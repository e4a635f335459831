"""How fast a measure over sixty months is: one guarded query with a calendar, beside sixty queries written by hand, one a month.

10 M events of 1 M patients; people and events in each month. The engine as its own process, from its start to its file, and
handwritten DuckDB SQL as one process that asks sixty times. `unlike` says how long the same query takes as it was written,
before the guard planned it. Refuses to count work whose numbers are not the same.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402 - the path comes first

from benchmarks._sql_store import LIMITS, facts, in_turns, line, people  # noqa: E402
from benchmarks.sql_extract import laid_out  # noqa: E402
from job_specs.sql.guard import guard  # noqa: E402
from tre.data.catalogue import load_catalogue  # noqa: E402
from tre.data.extract import request_for_aggregate  # noqa: E402
from tre.data.store import Store  # noqa: E402

TURNS = 3
MONTHS = 60
TABLES = {"clinical_events": ["date", "snomedct_code"]}
MEASURE = """
    SELECT m.month, count(*) AS events FROM clinical_events AS e
    JOIN range(DATE '2016-01-01', DATE '2021-01-01', INTERVAL 1 MONTH) AS m(month)
        ON e.date >= m.month AND e.date < m.month + INTERVAL 1 MONTH
    GROUP BY m.month
"""
OPENED = """
import csv, duckdb, os, sys
store, out = sys.argv[1:3]
connection = duckdb.connect(store, read_only=True, config={"threads": 2, "memory_limit": "3GB"})
connection.execute("SET enable_progress_bar = false")
"""
BY_HAND = """
starts = connection.execute("SELECT range::DATE FROM range(DATE '2016-01-01', DATE '2021-01-01', INTERVAL 1 MONTH)").fetchall()
one = "SELECT count(*) FROM clinical_events WHERE date >= $1 AND date < $1 + INTERVAL 1 MONTH"
rows = [(start, connection.execute(one, [start]).fetchone()[0]) for (start,) in starts]
with open(out, "w", newline="") as file:
    csv.writer(file).writerows([("month", "events"), *rows])
os._exit(0)
"""
AS_WRITTEN = """
connection.execute(f"COPY ({sys.argv[3]}) TO '{out}' (FORMAT csv, HEADER true)")
os._exit(0)
"""


def counted(file: Path) -> list[tuple[str, int]]:
    """The months and their events that a file says, without the months that have none."""
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "SELECT month::DATE::VARCHAR, events FROM read_csv($1, header = true) WHERE events > 0 ORDER BY 1",
            [str(file)],
        )
        return [(str(month), int(events)) for month, events in rows.fetchall()]


def measure(store: Store, folder: Path) -> None:
    """Three ways to the same numbers, in turns."""
    guarded = guard(MEASURE, facts(TABLES))
    request = request_for_aggregate(
        store,
        load_catalogue(),
        sql=guarded.sql,
        counting=None,
        columns=dict.fromkeys(guarded.output_columns, "other"),
        parameters={},
        tables=TABLES,
        output="ours.csv",
        limits=LIMITS,
    )
    core = store.files["core"]
    query = laid_out(request, folder, [core])
    commands = (
        [sys.executable, "-I", str(folder / "code"), str(query)],
        [sys.executable, "-c", OPENED + BY_HAND, str(core), str(folder / "by_hand.csv")],
        [sys.executable, "-c", OPENED + AS_WRITTEN, str(core), str(folder / "as_written.csv"), MEASURE],
    )
    seconds = in_turns(
        TURNS,
        *(
            lambda command=command: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            for command in commands
        ),
    )
    said = [counted(folder / name) for name in ("ours.csv", "by_hand.csv", "as_written.csv")]
    report = json.loads((folder / "engine.json").read_text("utf-8"))
    whole = said[0] == said[1] == said[2] and len(said[0]) == MONTHS and report["status"] == "ok"
    line("sql_intervals_beside_one_query_each", *seconds[:2], 1.0, whole=whole, unlike=round(seconds[2], 3))


def main() -> int:
    """Print one line."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        measure(people(folder), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
