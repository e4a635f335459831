"""`python -m tests.torture [--jobs 1000] [--workers 4] [--seed 1]`: a whole bad night and its calm twin; prints one JSON line.

One worker works on a file; more share the PostgreSQL that TRE_TEST_POSTGRES_URL names. `make torture` runs both.
"""

import argparse
import json
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, make_url

from tests.torture.chaos import Night, torture, what_is_wrong

SHORT, LONG = Night(kill_every=2.0), Night(engine=20, disk=15, database=60, step=1200, kill_every=4.0)
NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight")


@contextmanager
def database_of_its_own(server: str) -> Iterator[str]:
    """A database that may be taken away."""
    name = f"tre_night_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def main() -> int:
    """Run it; 1 where something is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=3600)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="tre-night-") as folder:
        if asked.workers == 1:
            suffered, rested = torture(
                Path(folder),
                jobs=asked.jobs,
                names=("worker",),
                seed=asked.seed,
                night=LONG,
                patience=asked.patience,
            )
        else:
            with database_of_its_own(os.environ["TRE_TEST_POSTGRES_URL"]) as ledger:
                suffered, rested = torture(
                    Path(folder),
                    jobs=asked.jobs,
                    names=NAMES[: asked.workers],
                    ledger=ledger,
                    seed=asked.seed,
                    night=LONG,
                    patience=asked.patience,
                )
    wrong = what_is_wrong(suffered, rested, asked.jobs)
    line = {
        "jobs": asked.jobs,
        "workers": asked.workers,
        "wrong": wrong[:20],
        "released": len(suffered.released),
    }
    line |= {
        "ends": sum(suffered.ends.values()),
        "events": suffered.events,
        "suffered": dict(suffered.suffered),
    }
    print(json.dumps(line | {"seconds": round(suffered.seconds), "calm_seconds": round(rested.seconds)}))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
