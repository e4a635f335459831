"""How fast the data room is: people made, supplies ingested, each beside DuckDB doing the bare work.

- synth: seconds for 100,000 people with 8.5 million coded events, against a tenth of the minute a million may take. Time is
  what two idle cores would need: processor seconds over two, since a benchmark cannot ask its neighbours to leave.
- ingest: beside DuckDB copying and sorting the same columns of the same supply into files, without a pseudonym.

Each pair runs in turns in the same process on the same files. Refuses to count work whose rows are not all there.
"""

import json
import resource
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
    """Measure both."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        supply = folder / "supply.duckdb"
        synth(supply)
        ingest_beside_copy(supply, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
