"""How long the worker takes to decide what starts next when 2,191 actions are queued, and to put the decision on the ledger.

2,191 is the largest published project. The peer, OpenSAFELY's job runner, took 3.0 to 4.4 s a tick at that size on a machine
like this one; the bar is 5 ms a decision. The floor of the claim is one durable row put into SQLite by hand on the same
disk. Refuses to count a decision that started nothing.
"""

import json
import sqlite3
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.worker_chain import HEAD, PROGRAM
from tests.torture.stand import begin, hands
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, read_study
from tre.dispatch.schedule import Gate, Limits, Rules
from tre.main import HOME
from tre.service import By
from tre.worker.board import Board
from tre.worker.looking import Queue

ACTIONS, DECISIONS, BAR_SECONDS = 2191, 60, 0.005
CLAIM_BAR = 40


def study(folder: Path) -> Path:
    """A study of that many actions that need nothing of each other."""
    (folder / "analysis").mkdir(parents=True)
    (folder / "analysis" / "nothing.py").write_text(PROGRAM, encoding="utf-8")
    text = "".join(
        f"  a{number}:\n    run: python:v1 analysis/nothing.py a{number}\n"
        f"    outputs: {{highly_sensitive: {{out: output/a{number}.csv}}}}\n"
        for number in range(ACTIONS)
    )
    (folder / "project.yaml").write_text(HEAD + text, encoding="utf-8")
    return folder


class Floor:
    """One small durable row after another, by hand: each beside the claim that it is compared with."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE rows (payload TEXT)")

    def seconds(self) -> float:
        """Seconds for one more."""
        began = time.perf_counter()
        self._connection.execute("INSERT INTO rows VALUES (?)", ("x" * 300,))
        return time.perf_counter() - began


def line(name: str, mine: float, reference: float, *, bar: float) -> None:
    """Print one result, in milliseconds."""
    told = {"name": name, "ours": round(mine * 1000, 3), "reference": round(reference * 1000, 3)}
    ratio = mine / reference
    print(
        json.dumps({**told, "ratio": round(ratio, 3), "bar": bar, "ok": ratio <= bar, "unit": "ms"}),
        flush=True,
    )


def main() -> None:
    """Decide, claim, and look again, as the loop does."""
    with TemporaryDirectory(prefix="tre-bench-") as folder:
        site = Path(folder) / "site"
        study_id = begin(site)
        house = hands(site).wiring().open_house(site)
        data, put, images = house.data.of(HOME), house.documents.put, house.site.images
        intake = read_study(gather(study(Path(folder) / "study")), data, images)
        submission = intake.submission(
            study_id,
            spec=put(intake.code.files[SPEC]),
            code=keep(intake.code, put),
            images=images,
            backend=HOME,
        )
        clock = hands(site).clock
        house.service.submit_once(By(house.site.person("ada"), clock()), submission)
        worker = house.worker("worker")
        board = Board(house.service)
        queue, decided, claimed, by_hand = Queue(board, worker.tools), [], [], []
        floor = Floor(Path(folder) / "floor.db")
        queue.refresh(board.catch_up())
        rules = Rules(Limits(), Gate(), clock().timestamp())
        image = worker.tools.dispatcher.image_for(next(iter(board.cases.values())), "a0")
        for _ in range(DECISIONS):
            began = time.perf_counter()
            queue.refresh(board.catch_up())
            ready = queue.next([], rules, ())
            decided.append(time.perf_counter() - began)
            if ready is None:
                raise SystemExit("nothing was started")
            began = time.perf_counter()
            house.service.claim(clock(), ready.place[0], action=ready.place[1], image=image, worker="worker")
            claimed.append(time.perf_counter() - began)
            by_hand.append(floor.seconds())
        worker.close()
        house.service.ledger.close()
        line("worker.decide-among-2191", statistics.median(decided), BAR_SECONDS, bar=1.0)
        line(
            "worker.claim-on-the-ledger",
            statistics.median(claimed),
            statistics.median(by_hand),
            bar=CLAIM_BAR,
        )


if __name__ == "__main__":
    main()
