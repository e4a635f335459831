"""What is taken away in a bad night, each as a ``with`` block: gone while it lasts, and back afterwards."""

import contextlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url

from scripts.daemons import noted
from scripts.engine import DEFAULT_ADDRESS, Engine, await_answer, start_by_hand, stop
from scripts.steps import Stop
from tests.leftovers import take_down
from tests.torture.stand import CLOCK, ENGINE_AWAY, LOST, REAL, engine_of, fill_up

POWER = "power"
"""The blow by which every worker ends at once: whoever strikes it sees to that."""

Blow = Callable[[Path], AbstractContextManager[None]]


def blows_of(site: Path, engine: Engine | None, *, shared: bool) -> dict[str, Blow]:
    """What can be taken away from a site, by name."""
    blows: dict[str, Blow] = {
        "engine": lambda where: (
            restarted(engine) if engine and engine_of(where) == REAL else engine_gone(where)
        ),
        "database": server_gone if shared else file_locked,
        POWER: lambda where: power_gone(where, engine),
    }
    if site.is_mount():
        blows["disk"] = disk_full
    return blows


def engine_to_restart(record: Path) -> Engine:
    """The engine whose note lies in a folder. Raises Stop where there is none: it is not ours to restart."""
    engine = Engine(address=os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS, record=record)
    if noted(engine.started) is None:
        raise nothing_to_restart(engine)
    return engine


def nothing_to_restart(engine: Engine) -> Stop:
    """Only what set-up started is ended here."""
    return Stop(f"No container engine was started from {engine.record}.", "scripts/set-up engine")


@contextmanager
def restarted(engine: Engine) -> Iterator[None]:
    """The real engine is ended, by the note of it that set-up keeps, and started again."""
    if not stop(engine):
        raise nothing_to_restart(engine)
    try:
        yield
    finally:
        await_answer(engine, start_by_hand(engine))


@contextmanager
def engine_gone(site: Path) -> Iterator[None]:
    """The played engine is restarted: it does not answer, and what ran in it is dead when it does again."""
    (site / ENGINE_AWAY).touch()
    try:
        yield
        for played in site.glob("work/*/boxes/**/played.json"):
            with contextlib.suppress(FileNotFoundError, ValueError):
                _end_played(played)
    finally:
        (site / ENGINE_AWAY).unlink()


@contextmanager
def power_gone(site: Path, engine: Engine | None) -> Iterator[None]:
    """The host loses its power: the engine ends too, and what boxes have written to the host's memory is gone with it."""
    real = engine if engine_of(site) == REAL else None
    with restarted(real) if real else engine_gone(site):
        take_down(site / "work")
        for played in site.glob("work/*/boxes/**/played.json"):
            played.with_name(LOST).touch()
        yield


def _end_played(played: Path) -> None:
    box = json.loads(played.read_text(encoding="utf-8"))
    ran = time.time() - box["started"]
    if box["halted_at"] is None and ran < box["seconds"]:
        draft = played.with_suffix(".killed")
        draft.write_text(json.dumps({**box, "seconds": ran, "exit_code": 137, "out_of_memory": False}))
        draft.replace(played)


@contextmanager
def disk_full(site: Path) -> Iterator[None]:
    """The site's disk is full to the last block, where it has a disk of its own."""
    filler = site / "filler"
    fill_up(filler, 2 * shutil.disk_usage(site).total)
    try:
        yield
    finally:
        filler.unlink(missing_ok=True)


@contextmanager
def file_locked(site: Path) -> Iterator[None]:
    """The SQLite file is held by another program."""
    connection = sqlite3.connect(site / "ledger.db", isolation_level=None, timeout=60)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def server_gone(site: Path) -> Iterator[None]:
    """The ledger's database throws everybody out and lets nobody in."""
    url = make_url((site / "ledger.url").read_text(encoding="utf-8"))
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} WITH ALLOW_CONNECTIONS false")
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (url.database,)
        )
        try:
            yield
        finally:
            connection.exec_driver_sql(f"ALTER DATABASE {url.database} WITH ALLOW_CONNECTIONS true")
    engine.dispose()


def step_clock(site: Path, seconds: float) -> None:
    """Step the clock that everything on the site reads."""
    draft = site / f"{CLOCK}.part"
    draft.write_text(str(seconds), encoding="utf-8")
    draft.replace(site / CLOCK)
