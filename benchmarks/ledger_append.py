"""How fast the ledger appends, beside the floor: the same rows put into SQLite by hand with the same durability.

Both run in turns on the same disk, one event a transaction, each synced before the next begins. The floor knows nothing
of cases, chains or guards. Refuses to count a ledger that does not verify afterwards.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from job_specs.model import Purpose, TableScope
from tre.custody.events import Submitted
from tre.custody.requests import ActionAsked, ActionKind, Submission
from tre.records.envelope import spell_event
from tre.records.ledger import Ledger

TURNS, EVENTS = 5, 200
BAR = 0.1
AT = datetime(2024, 3, 1, tzinfo=UTC)
DIGEST = "a" * 64
EVENT = Submitted(
    "ada",
    Submission(
        application="study",
        purpose=Purpose.COVID_19_RESEARCH,
        spec=DIGEST,
        code=DIGEST,
        datasets=(TableScope("patients", ("patient_id", "sex")),),
        actions=(
            ActionAsked("cohort", ActionKind.EXTRACT, (), DIGEST),
            ActionAsked("table", ActionKind.CODE, ("cohort",), DIGEST),
        ),
    ),
)

Append = Callable[[int], object]


def by_the_ledger(ledger: Ledger) -> Append:
    """What the service does: hold the ledger, load the case, append to it."""

    def append(number: int) -> None:
        case_id = f"request-{number}"
        with ledger.transaction() as tx:
            _, seq = tx.case("request", case_id)
            tx.append("request", case_id, (EVENT,), expected_seq=seq, actor="ada", at=AT, policy=DIGEST)

    return append


def by_hand(path: Path) -> Append:
    """The floor: a row of the same size, inserted and committed with the same durability."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE rows (position INTEGER PRIMARY KEY, payload TEXT, previous TEXT, hash TEXT)"
    )
    payload = spell_event(EVENT)

    def insert(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", (number, payload, DIGEST, DIGEST))
        connection.execute("COMMIT")

    return insert


def rate(append: Append, turn: int) -> float:
    """Appends a second over one turn."""
    began = time.perf_counter()
    for number in range(turn * EVENTS, (turn + 1) * EVENTS):
        append(number)
    return EVENTS / (time.perf_counter() - began)


def main() -> int:
    """Measure in turns; print the medians' line."""
    with TemporaryDirectory() as folder:
        ledger = Ledger.create(f"sqlite:///{folder}/ledger.db")
        ways = (by_the_ledger(ledger), by_hand(Path(folder, "floor.db")))
        turns = [[rate(way, turn) for way in ways] for turn in range(TURNS)]
        kept = ledger.verify().position
    ours, reference = (median(rates) for rates in zip(*turns, strict=True))
    result = {
        "name": "ledger_append_per_second",
        "ours": round(ours, 1),
        "reference": round(reference, 1),
        "ratio": round(ours / reference, 3),
        "bar": BAR,
        "ok": ours / reference >= BAR and kept == TURNS * EVENTS,
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
