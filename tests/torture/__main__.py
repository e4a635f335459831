"""`python -m tests.torture [--jobs 1000] [--workers 4] [--engine docker]`: a whole bad night and its calm twin.

Ends with one JSON line of verdicts; how far it is goes to standard error. One worker works on a file; more share the
PostgreSQL that TRE_TEST_POSTGRES_URL names. `make torture` runs both. With `--engine docker` every program runs in a real
box, and the container engine that set-up started from this clone (or the one whose note `--engine-record` holds) is
ended and started again: nobody else should be using it.

Ended from outside it leaves nothing behind: small disks, workers, boxes and its database are taken down, and what was gone is
put back. The disks and folders of one that was killed are cleared away by the next.
"""

import argparse
import json
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, make_url

from scripts.set_up import ENGINE
from scripts.steps import Stop
from tests.leftovers import clear_dead_nights, night_folder
from tests.torture.blows import POWER, engine_to_restart
from tests.torture.chaos import Bounds, Night, Told, Torture, torture, verdicts
from tests.torture.stand import PLAYED, REAL

SHORT = Night()
LONG = Night(
    engine=20,
    disk=15,
    database=60,
    step=1200,
    kill_every=12,
    spell=240,
    blows=("engine", "disk", "database", POWER, "engine", "disk"),
)
NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
TOLD = 20


@contextmanager
def database_of_its_own(server: str) -> Iterator[str]:
    """A database that may be taken away."""
    name = f"tre_night_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@contextmanager
def ledger_for(workers: int) -> Iterator[str]:
    """Where the tortured site's ledger is kept: nowhere special for one worker, else on the server. Raises Stop without one."""
    server = os.environ.get("TRE_TEST_POSTGRES_URL", "")
    if workers == 1:
        yield ""
    elif not server:
        raise Stop(
            "Several workers share a PostgreSQL, and TRE_TEST_POSTGRES_URL names none.", "make torture"
        )
    else:
        with database_of_its_own(server) as ledger:
            yield ledger


def read_arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="A bad night and its calm twin; ends with one JSON line.")
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3, help="how long each program takes")
    parser.add_argument("--engine", choices=(PLAYED, REAL), default=PLAYED)
    parser.add_argument(
        "--engine-record", type=Path, default=ENGINE.record, help="folder of the note of dockerd"
    )
    parser.add_argument("--short", action="store_true", help="a night as short as the one in the test suite")
    parser.add_argument("--still", type=float, default=300, help="give up when nothing has moved for so long")
    parser.add_argument("--patience", type=float, default=1800, help="give up after so many seconds a night")
    return parser.parse_args()


def asked_for(asked: argparse.Namespace, ledger: str) -> Torture:
    """The night that was asked for."""
    return Torture(
        jobs=asked.jobs,
        names=("worker",) if asked.workers == 1 else NAMES[: asked.workers],
        ledger=ledger,
        seed=asked.seed,
        night=SHORT if asked.short else LONG,
        seconds=asked.seconds,
        engine=asked.engine,
        daemon=engine_to_restart(asked.engine_record) if asked.engine == REAL else None,
        bounds=Bounds(still=asked.still, all=asked.patience),
    )


def say(line: str) -> None:
    """How far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


def line_of(asked: argparse.Namespace, suffered: Told, rested: Told) -> dict[str, object]:
    """The one line: what was promised, whether it held, and what was suffered."""
    found = verdicts(suffered, rested, asked.jobs) | {"every_blow_fell": missed(suffered.suffered)}
    return {
        "jobs": asked.jobs,
        "seed": asked.seed,
        "workers": asked.workers,
        "engine": asked.engine,
        **{promise: not wrong for promise, wrong in found.items()},
        "wrong": [line for lines in found.values() for line in lines[:TOLD]],
        "wrong_in_all": sum(map(len, found.values())),
        "released": len(suffered.released),
        "ends": sum(suffered.ends.values()),
        "events": suffered.events,
        "suffered": dict(suffered.suffered),
        "seconds": round(suffered.seconds),
        "calm_seconds": round(rested.seconds),
    }


def missed(suffered: Counter[str]) -> list[str]:
    """What of a bad night did not come: a night without it shows nothing. To fill a disk takes one that may be mounted."""
    blows = ("kills", "clock steps", "engine gone", "disk gone", "database gone", f"{POWER} gone")
    return [f"no {blow}" for blow in blows if not suffered[blow]]


def tidy_up_when_ended() -> None:
    """Whoever ends it gets everything taken down as by Ctrl-C, once: tidying up is not ended by the next signal."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number: int, _frame: object) -> None:
        for each in signals:
            # Not SIG_IGN, which whatever is started from here would inherit.
            signal.signal(each, lambda *_: None)
        sys.exit(f"ended by {signal.Signals(number).name}; everything that it had made is taken down")

    for each in signals:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, end)


def main() -> int:
    """Run it; 1 where something is wrong."""
    asked = read_arguments()
    tidy_up_when_ended()
    clear_dead_nights()
    try:
        with TemporaryDirectory(prefix=night_folder()) as folder, ledger_for(asked.workers) as ledger:
            line = line_of(asked, *torture(Path(folder), asked_for(asked, ledger), say))
    except Stop as stop:
        say(str(stop))
        return 1
    say("something is wrong: see below" if line["wrong"] else "every promise was kept")
    sys.stdout.write(json.dumps(line) + "\n")
    return int(bool(line["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
