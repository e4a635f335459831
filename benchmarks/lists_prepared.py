"""How long a newer version takes to prepare its lists from a long ledger, with the ledger free for others meanwhile.

The floor is what cannot be left out: every event read and checked, and every case folded once into its rows, in memory. The
second line is the longest time for which the ledger was held, beside half a second. All are counted in seconds of the
processor, which others on the machine do not lengthen. Refuses lists that lack a row.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._seeded_site import seeded
from tre.records import database
from tre.records.database import reading
from tre.records.ledger import Ledger
from tre.records.read_models import ReadModels, RequestRow, Wanted, folding
from tre.records.read_models.projections import rows_of
from tre.records.rows import histories

STUDIES, JOBS, RELEASES = 100, 10_000, 1_000
BAR, HELD_SECONDS = 2.5, 0.5


def floor(ledger: Ledger) -> float:
    """Seconds to read every event, case by case, and to fold each case into its rows."""
    began = time.process_time()
    cases = (*ledger.case_ids("application"), *ledger.case_ids("request"))
    with reading(ledger.engine) as connection:
        folded = sum(len(rows_of(history)) for history in histories(connection, sorted(cases)))
    if not folded:
        raise SystemExit("nothing was folded")
    return time.process_time() - began


@contextmanager
def timed_holds(held: list[float]) -> Iterator[None]:
    """Note for how long each write holds the ledger."""

    class Timed(database.Session):
        def __enter__(self) -> database.Connection:
            connection = super().__enter__()
            self.began = time.process_time()
            return connection

        def __exit__(self, *what: object) -> None:
            super().__exit__(*what)  # type: ignore[arg-type]
            held.append(time.process_time() - self.began)

    usual = folding.writing
    folding.writing = lambda engine: Timed(engine, writes=True)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        folding.writing = usual  # type: ignore[attr-defined]


def line(name: str, ours: float, reference: float, *, bar: float) -> bool:
    """Print one result, in seconds; whether it is within its bar."""
    ratio = ours / reference
    told = {"name": name, "ours": round(ours, 3), "reference": round(reference, 3), "ratio": round(ratio, 3)}
    print(json.dumps({**told, "bar": bar, "ok": ratio <= bar, "unit": "s"}), flush=True)
    return ratio <= bar


def main() -> int:
    """Empty the lists, prepare them, and compare."""
    ledger = Ledger.open(f"sqlite:///{seeded(STUDIES, JOBS, RELEASES) / 'ledger.db'}")
    models, held = ReadModels(ledger), list[float]()
    cannot_be_left_out = floor(ledger)
    with timed_holds(held):
        began = time.process_time()
        models.rebuild()
        took = time.process_time() - began
    if models.listing(RequestRow, Wanted("submitted_at")).total != JOBS:
        raise SystemExit("the list of requests lacks some")
    ledger.close()
    within = line("records.lists-prepared", took, cannot_be_left_out, bar=BAR)
    return int(not (line("records.ledger-held-meanwhile", max(held), HELD_SECONDS, bar=1.0) and within))


if __name__ == "__main__":
    sys.exit(main())
