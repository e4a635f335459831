"""Bad nights: workers killed at random, the engine taken away, the disk full, the database gone, the clock stepped.

A calm twin of the same site gets the same jobs. Afterwards every job is in one final state, the same as the twin's; no
action ended twice; both ledgers verify; and what was released is the same, byte for byte.
"""

import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url

from tests.torture.stand import (
    CLOCK,
    ENGINE_AWAY,
    KINDS,
    begin,
    fill_up,
    hands,
    review,
    tre_says,
    write_study,
)
from tre.cli.house import House
from tre.custody.errors import Refusal
from tre.custody.requests import RequestStage
from tre.records.errors import RecordsError
from tre.records.ledger import Ledger

FINAL = {RequestStage.RELEASED, RequestStage.FAILED}
DISK = 96 << 20
ENDS = {"request.landed", "request.failed"}


@dataclass(frozen=True)
class Night:
    """How bad it gets: seconds for which each thing is gone, and how often a worker is killed."""

    engine: float = 3.0
    disk: float = 2.0
    database: float = 4.0
    step: float = 900.0
    kill_every: float = 1.0


@dataclass
class Told:
    """What came of a site's jobs."""

    stages: dict[str, str]
    released: dict[str, bytes]
    ends: Counter[tuple[str, str]]
    events: int
    suffered: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Workers:
    """Worker processes of one site, each started again whenever it has ended."""

    def __init__(self, site: Path, names: tuple[str, ...]) -> None:
        self._site = site
        self._running = {name: self._start(name) for name in names}

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        with (self._site.parent / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.torture.stand", str(self._site), name]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def tend(self) -> int:
        """Start again whoever has ended; how many had."""
        ended = [name for name, each in self._running.items() if each.poll() is not None]
        for name in ended:
            self._running[name] = self._start(name)
        return len(ended)

    def kill(self, name: str) -> None:
        """Kill one as a power cut would."""
        self._running[name].kill()
        self._running[name].wait()

    def names(self) -> list[str]:
        return list(self._running)

    def end(self) -> None:
        for each in self._running.values():
            each.kill()
            each.wait()


# -- what is taken away ----------------------------------------------------------------------------------------------


@contextmanager
def engine_gone(site: Path) -> Iterator[None]:
    """The engine is restarted: it does not answer, and everything that ran in it is dead when it does again."""
    (site / ENGINE_AWAY).touch()
    yield
    for played in site.glob("work/*/boxes/**/played.json"):
        with contextlib.suppress(FileNotFoundError, ValueError):
            box = json.loads(played.read_text(encoding="utf-8"))
            ran = time.time() + _step(site) - box["started"]
            if box["halted_at"] is None and ran < box["seconds"]:
                killed = {**box, "seconds": ran, "exit_code": 137, "out_of_memory": False}
                draft = played.with_suffix(".killed")
                draft.write_text(json.dumps(killed), encoding="utf-8")
                draft.replace(played)
    (site / ENGINE_AWAY).unlink()


@contextmanager
def disk_full(site: Path) -> Iterator[None]:
    """The site's disk is full to the last block, where it has a disk of its own."""
    filler = site / "filler"
    fill_up(filler, 2 * DISK)
    yield
    filler.unlink(missing_ok=True)


@contextmanager
def file_locked(site: Path) -> Iterator[None]:
    """The SQLite file is held by another program."""
    connection = sqlite3.connect(site / "ledger.db", isolation_level=None, timeout=60)
    connection.execute("BEGIN EXCLUSIVE")
    yield
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
        yield
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} WITH ALLOW_CONNECTIONS true")
    engine.dispose()


def _step(site: Path) -> float:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return float((site / CLOCK).read_text(encoding="utf-8"))
    return 0.0


def step_clock(site: Path, seconds: float) -> None:
    """Step the clock that everything on the site reads."""
    draft = site / f"{CLOCK}.part"
    draft.write_text(str(seconds), encoding="utf-8")
    draft.replace(site / CLOCK)


# -- one site, from its jobs to their ends ---------------------------------------------------------------------------


class Site:
    """One tortured, or calm, site."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder = folder
        self._names = names
        self._suffered: Counter[str] = Counter()

    def live(self, night: Night | None, chance: random.Random, patience: float) -> Told:
        """Run every job to its end, through a bad night or none."""
        began = time.monotonic()
        house = hands(self.folder).wiring().open_house(self.folder)
        workers = Workers(self.folder, self._names)
        try:
            if night is not None:
                self._suffer(house, workers, night, chance)
            self._finish(house, workers, patience)
        finally:
            workers.end()
        told = self._tell(house)
        house.service.ledger.close()
        told.seconds = time.monotonic() - began
        return told

    def _suffer(self, house: House, workers: Workers, night: Night, chance: random.Random) -> None:
        gone = server_gone if house.folders.is_shared else file_locked
        blows: list[tuple[str, Callable[[Path], Any], float]] = [
            ("engine", engine_gone, night.engine),
            ("database", gone, night.database),
            ("engine", engine_gone, night.engine),
        ]
        if self.folder.is_mount():
            blows.insert(1, ("disk", disk_full, night.disk))
        for name, blow, seconds in blows:
            self._kill_for(workers, house, 2 * night.kill_every, night, chance)
            step_clock(self.folder, chance.choice((-1, 1)) * night.step)
            self._suffered["clock steps"] += 1
            with blow(self.folder):
                self._suffered[f"{name} gone"] += 1
                self._kill_for(workers, None, seconds, night, chance)
        step_clock(self.folder, 0)
        self._kill_for(workers, house, 4 * night.kill_every, night, chance)

    def _kill_for(
        self, workers: Workers, house: House | None, seconds: float, night: Night, chance: random.Random
    ) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(min(max(0.0, until - time.monotonic()), chance.uniform(0.5, 1.5) * night.kill_every))
            workers.kill(chance.choice(workers.names()))
            self._suffered["kills"] += 1
            self._suffered["starts"] += workers.tend()
            if house is not None:
                self._review(house)

    def _review(self, house: House) -> None:
        with contextlib.suppress(RecordsError, Refusal):
            review(house)

    def _finish(self, house: House, workers: Workers, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self._suffered["starts"] += workers.tend()
            self._review(house)
            with contextlib.suppress(RecordsError):
                cases = [house.service.request(request) for request in house.service.request_ids()]
                if all(case.stage in FINAL for case in cases) and all(
                    house.push.is_delivered(case) for case in cases if case.stage is RequestStage.RELEASED
                ):
                    return
            time.sleep(0.5)

    def _tell(self, house: House) -> Told:
        verified = house.seals.verify()
        house.daybook.entries()
        cases = {request: house.service.request(request) for request in house.service.request_ids()}
        ends = Counter(
            (each.case_id, each.event.action)  # type: ignore[attr-defined]
            for each in house.service.ledger.events()
            if each.kind in ENDS
        )
        outside = house.folders.outside
        released = {
            f"{request}/{file.path}": (outside / request / file.path).read_bytes()
            for request, case in cases.items()
            if case.stage is RequestStage.RELEASED
            for file in case.statements[-1].files
        }
        stages = {
            request: "/".join(
                (case.stage, *(f"{job.action.name}:{job.state}:{job.outcome}" for job in case.jobs))
            )
            for request, case in cases.items()
        }
        return Told(stages, released, ends, verified.position, self._suffered)


def submit(site: Path, study: str, jobs: int, seconds: float) -> None:
    """Hand in that many jobs of every kind."""
    for number in range(jobs):
        folder = site.parent / "studies" / f"{site.name}-{number}"
        write_study(folder, KINDS[number % len(KINDS)], number, seconds)
        tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)
        shutil.rmtree(folder)


@contextmanager
def disk_of_its_own(site: Path) -> Iterator[bool]:
    """A small disk for the site to be on, where this machine lets us have one."""
    site.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(site)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(site)], check=True)


def twins(folder: Path, ledger: str, jobs: int, seconds: float) -> tuple[Path, Path]:
    """A site with its jobs submitted, and its calm twin, which keeps its ledger in a file."""
    calm = folder / "calm"
    study = begin(calm)
    submit(calm, study, jobs, seconds)
    bad = folder / "bad"
    for entry in calm.iterdir():
        target = bad / entry.name
        shutil.copytree(entry, target, symlinks=True) if entry.is_dir() else shutil.copy2(entry, target)
    if ledger:
        (bad / "ledger.db").unlink()
        (bad / "ledger.url").write_text(ledger, encoding="utf-8")
        move_ledger(calm, ledger)
    return calm, bad


def move_ledger(site: Path, ledger: str) -> None:
    """Append every event of a site's ledger to a new one elsewhere, in order: the same history, hash by hash."""
    source, target = Ledger.open(f"sqlite:///{site / 'ledger.db'}"), Ledger.create(ledger)
    for each in source.events():
        target.append(
            each.case_kind,
            each.case_id,
            (each.event,),
            expected_seq=each.seq - 1,
            actor=each.actor,
            at=each.at,
            policy=each.policy,
        )
    assert source.head() == target.head()
    source.close()
    target.close()


def torture(
    folder: Path,
    *,
    jobs: int,
    names: tuple[str, ...],
    ledger: str = "",
    seed: int = 1,
    night: Night | None = None,
    seconds: float = 0.3,
    patience: float = 600,
) -> tuple[Told, Told]:
    """A bad night and its calm twin."""
    chance = random.Random(seed)  # noqa: S311 - a bad night is repeated by its seed
    with disk_of_its_own(folder / "bad"):
        calm, bad = twins(folder, ledger, jobs, seconds)
        suffered = Site(bad, names).live(night or Night(), chance, patience)
        rested = Site(calm, ("worker",)).live(None, chance, patience)
    return suffered, rested


def what_is_wrong(suffered: Told, rested: Told, jobs: int) -> list[str]:
    """Everything that a bad night must not change, and did."""
    wrong = []
    if len(suffered.stages) != jobs:
        wrong.append(f"{len(suffered.stages)} jobs of {jobs}")
    wrong += [
        f"{request}: {stage}, and {rested.stages.get(request)} on the calm site"
        for request, stage in suffered.stages.items()
        if stage != rested.stages.get(request)
    ]
    wrong += [f"{place} ended {times} times" for place, times in suffered.ends.items() if times != 1]
    wrong += [
        f"{request} has no final state"
        for request, stage in suffered.stages.items()
        if not stage.startswith(("released", "failed"))
    ]
    if suffered.released != rested.released or not suffered.released:
        wrong.append("what was released is not the same")
    return wrong
