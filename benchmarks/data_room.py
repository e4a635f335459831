"""How fast the data room is: people made, supplies ingested, each beside DuckDB doing the bare work.

- synth: seconds for 100,000 people with 8.5 million coded events, against a tenth of the minute a million may take. Time is
  what two idle cores would need: processor seconds over two, since a benchmark cannot ask its neighbours to leave.
- ingest: beside DuckDB copying and sorting the same columns of the same supply into files, without a pseudonym.
- memory: the most that an ingest holds of this data and of a tenth of it, beside the half gigabyte that its engine is told to
  hold; what does not fit spills, encrypted.

`--million` makes a million people with 85 million events, once, against a minute; it takes that minute and 3 GB of disk.

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
from tre.data.ingest import ingest
from tre.data.pseudonyms import Key, Role
from tre.data.store import open_store
from tre.data.synth import synthesise

PATIENTS, EVENTS, TURNS = 100_000, 85, 2
MILLION = 1_000_000
MEMORY = 512 << 20
HELD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tre.data.ingest import ingest
from tre.data.pseudonyms import Key, Role
supply, store, most = sys.argv[1:]
key = Key(Role.SITE, 1, "", bytes(range(32)))
at = datetime(2026, 1, 5, tzinfo=UTC)
built = ingest(Path(supply), Path(store), key=key, backend="tpp", at=at, memory_bytes=int(most))
# Not getrusage: what it says survives exec, so a child would be told of its parent's memory.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024 if built.rows else 0)
"""
AT = datetime(2026, 1, 5, tzinfo=UTC)
SITE = Key(Role.SITE, 1, "", bytes(range(32)))


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


def million(folder: Path) -> None:
    """Make a million people; seconds as the clock counts them, and as two idle cores would need."""
    began, used = time.perf_counter(), processor()
    report = synthesise(folder / "million.duckdb", patients=MILLION, seed=7, events_per_patient=EVENTS)
    elapsed, seconds = time.perf_counter() - began, (processor() - used) / 2
    print(f"a million people: {elapsed:.1f} s by the clock, {dict(report.rows)}", file=sys.stderr)
    whole = report.rows["person_record"] == MILLION and report.rows["coded_event"] >= 0.9 * MILLION * EVENTS
    line("data_synth_seconds_million_people", seconds, 60.0, 1.0, whole=whole)


def memory_at_ten_times(supply: Path, folder: Path) -> None:
    """The most memory that two ingests held, each in a process of its own."""
    small = folder / "small.duckdb"
    synthesise(small, patients=PATIENTS // 10, seed=7, events_per_patient=EVENTS)
    held = [_held(source, folder / f"held-{source.stem}") for source in (small, supply)]
    print(f"ingest held {held[0]:.0f} MB of a tenth, {held[1]:.0f} MB of the whole", file=sys.stderr)
    line("data_ingest_memory_at_ten_times_the_data", max(held), MEMORY / (1 << 20), 1.5, whole=all(held))


def _held(supply: Path, store: Path) -> float:
    """Megabytes that an ingest held at the most; 0 where it built nothing."""
    command = [sys.executable, "-c", HELD, str(supply), str(store), str(MEMORY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    return float(done.stdout.splitlines()[-1])


def ingest_beside_copy(supply: Path, folder: Path) -> None:
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


def main() -> int:
    """Measure them all, or the million alone."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if "--million" in sys.argv:
            million(folder)
            return 0
        supply = folder / "supply.duckdb"
        synth(supply)
        ingest_beside_copy(supply, folder)
        memory_at_ten_times(supply, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
