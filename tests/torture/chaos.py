"""Bad nights: workers killed at random, engine, disk, database and power taken away, the clock stepped.

A calm twin of the same site gets the same jobs. Afterwards every job is in one final state, the same as the twin's; no
action ended twice; both ledgers verify; and what was released is the same, byte for byte. A night ends when every job
has; it is given up only when nothing has moved for long, and then it says what waits for what.
"""

import contextlib
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from scripts.engine import Engine
from tests.leftovers import take_down
from tests.torture.blows import POWER, blows_of, step_clock
from tests.torture.stand import PLAYED, begin, end_boxes, hands, review, submit
from tests.torture.standing import is_over, stage_of, what_waits
from tre.cli.house import House
from tre.custody.errors import Refusal
from tre.custody.requests import JobRequest
from tre.records.errors import RecordsError
from tre.records.ledger import Ledger
from tre.service import REQUEST

ENDS = {"request.landed", "request.failed"}
DISK, DISK_OF_A_JOB = 96 << 20, 1 << 18
LOOK = 0.5
REVIEWED_AT_A_TIME = 2.0
"""Seconds: to review everything of a slow night at once would be a long while in which nobody is killed."""
MOST_BETWEEN_KILLS = 60.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Night:
    """How bad it gets: seconds for which each thing is gone, by how much the clock is stepped, how often one is killed.

    Between two blows so much of the work is waited for, but no longer than a spell. After the last one nobody is killed.
    """

    engine: float = 3.0
    disk: float = 2.0
    database: float = 4.0
    step: float = 900.0
    kill_every: float = 1.0
    spell: float = 2.0
    blows: tuple[str, ...] = ("engine", "disk", POWER, "database", "engine")

    def lasts(self, blow: str) -> float:
        """Seconds for which what a blow takes is gone; power comes back as soon as everything is dead."""
        return {"engine": self.engine, "disk": self.disk, "database": self.database, POWER: 0.0}[blow]


@dataclass(frozen=True)
class Bounds:
    """When a night is given up: nothing has moved for so many seconds, or so many have passed in all."""

    still: float = 300.0
    all: float = 3600.0


@dataclass
class Told:
    """What came of a site's jobs; `broken` says what of its chains does not verify, and then nothing else is told of them."""

    stages: dict[str, str]
    released: dict[str, bytes]
    ends: Counter[tuple[str, str]]
    events: int
    waits: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
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


class Site:
    """One tortured, or calm, site, while its jobs run."""

    def __init__(self, folder: Path, names: tuple[str, ...], bounds: Bounds, tell: Tell) -> None:
        self.folder = folder
        self._names = names
        self._bounds = bounds
        self._tell_on = tell
        self._suffered: Counter[str] = Counter()
        self._cases: dict[str, JobRequest] = {}
        self._over: set[str] = set()
        self._moved = (0, time.monotonic())
        self._told_at = 0.0

    def live(self, night: Night | None, chance: random.Random, engine: Engine | None) -> Told:
        """Run every job to its end, through a bad night or none."""
        began = time.monotonic()
        self._until = began + self._bounds.all
        self._house = hands(self.folder).wiring().open_house(self.folder)
        self._house.service.ledger.remembering()
        self._workers = Workers(self.folder, self._names)
        try:
            if night is not None:
                self._suffer(night, chance, engine)
            waits = self._finish()
        finally:
            self._workers.end()
            end_boxes(self.folder)
        told = self._tell(waits)
        self._house.service.ledger.close()
        told.seconds = time.monotonic() - began
        return told

    # -- the night ---------------------------------------------------------------------------------------------------

    def _suffer(self, night: Night, chance: random.Random, engine: Engine | None) -> None:
        """Blow after blow, each when its share of the work is done, or a spell has passed."""
        blows = blows_of(self.folder, engine, shared=self._house.folders.is_shared)
        due = [name for name in night.blows if name in blows]
        pace = max(night.kill_every, min(1.5 * self._seconds_to_wake(), MOST_BETWEEN_KILLS))
        night = replace(night, kill_every=pace)
        self._tell_on(f"every worker is awake; one is killed every {pace:.0f} s or so")
        for number, name in enumerate(due, start=1):
            self._spell(night, chance, share=number / (len(due) + 1))
            step_clock(self.folder, chance.choice((-1, 1)) * night.step)
            self._suffered["clock steps"] += 1
            self._tell_on(f"{name} gone for {night.lasts(name):.0f} s")
            if name == POWER:
                self._workers.end()
            with blows[name](self.folder):
                self._suffered[f"{name} gone"] += 1
                self._kill_for(night.lasts(name), night, chance)
            self._moved = (self._moved[0], time.monotonic())
        step_clock(self.folder, 0)
        self._spell(night, chance, share=1.0)

    def _seconds_to_wake(self) -> float:
        """How long a worker needs here until it is at work: to kill them sooner would be no night, but no work at all."""
        began = time.monotonic()
        while not self._house.service.claims.leases().keys() >= set(self._names):
            if self._workers.tend() or time.monotonic() - began > self._bounds.still:
                raise RuntimeError(f"a worker does not start: {what_waits(self._house, {})}")
            time.sleep(0.1)
        return time.monotonic() - began

    def _spell(self, night: Night, chance: random.Random, *, share: float) -> None:
        until = time.monotonic() + night.spell
        while time.monotonic() < until and self._share() < share:
            self._look_for(chance.uniform(0.5, 1.5) * night.kill_every)
            self._kill_one(chance)

    def _look_for(self, seconds: float) -> None:
        """Look again and again for so long: people review while it is night, or nothing would be left to be tortured."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._look()
            time.sleep(LOOK)

    def _kill_for(self, seconds: float, night: Night, chance: random.Random) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, chance.uniform(0.5, 1.5) * night.kill_every))
            self._kill_one(chance)

    def _kill_one(self, chance: random.Random) -> None:
        self._workers.kill(chance.choice(self._workers.names()))
        self._suffered["kills"] += 1
        self._suffered["starts"] += self._workers.tend()

    def _share(self) -> float:
        return len(self._over) / max(1, len(self._cases))

    # -- watching ----------------------------------------------------------------------------------------------------

    def _finish(self) -> list[str]:
        """Wait until every job has ended; what still waits, where nothing has moved for too long."""
        while not (self._look() and len(self._over) == len(self._cases)):
            now = time.monotonic()
            if now - self._moved[1] > self._bounds.still or now > self._until:
                self._tell_on(f"given up, {now - self._moved[1]:.0f} s after the last event")
                return what_waits(self._house, self._cases)
            time.sleep(LOOK)
        return []

    def _look(self) -> bool:
        """Start again who has ended, review what was checked, and see how far the jobs are; whether it could be seen."""
        self._suffered["starts"] += self._workers.tend()
        with contextlib.suppress(RecordsError, Refusal):
            self._see()
            until = time.monotonic() + REVIEWED_AT_A_TIME
            review(self._house, takewhile(lambda _: time.monotonic() < until, list(self._cases.values())))
            return True
        return False

    def _see(self) -> None:
        service = self._house.service
        position = service.ledger.head().position
        new = list(service.ledger.events(self._moved[0]))
        for name in {each.case_id for each in new if each.case_kind == REQUEST}:
            self._cases[name] = service.request(name)
        if new:
            self._moved = (position, time.monotonic())
        still_open = [case for name, case in self._cases.items() if name not in self._over]
        self._over |= {case.id for case in still_open if is_over(self._house, case)}
        if time.monotonic() - self._told_at > 15:
            self._told_at = time.monotonic()
            self._tell_on(
                f"{len(self._over)} of {len(self._cases)} jobs over, {position} events, {dict(self._suffered)}"
            )

    def _tell(self, waits: list[str]) -> Told:
        told = what_came(self._house)
        return replace(told, waits=waits, suffered=self._suffered)


def what_came(house: House) -> Told:
    """What came of a site's jobs, once the whole of its chains has been walked."""
    broken = [*_walked("ledger", house.seals.verify), *_walked("daybook", house.daybook.entries)]
    if broken:
        return Told({}, {}, Counter(), 0, broken=broken)
    service = house.service
    cases = {name: service.request(name) for name in service.request_ids()}
    ends = Counter(
        (each.case_id, each.event.action)  # type: ignore[attr-defined]
        for each in service.ledger.events()
        if each.kind in ENDS
    )
    return Told(
        stages={request: stage_of(case) for request, case in cases.items()},
        released={name: content for case in cases.values() for name, content in _outside(house, case)},
        ends=ends,
        events=service.ledger.head().position,
    )


def _walked(name: str, walk: Callable[[], object]) -> list[str]:
    """Why a chain does not verify; nothing where it does."""
    try:
        walk()
    except RecordsError as wrong:
        return [f"the {name} does not verify: {wrong}"]
    return []


def _outside(house: House, case: JobRequest) -> Iterator[tuple[str, bytes]]:
    """Every file that a release says has left, as it lies outside; no bytes where it does not."""
    for number, statement in enumerate(case.statements):
        for file in statement.files:
            path = house.push.place(case, number) / file.path
            yield f"{case.id}/{number}/{file.path}", path.read_bytes() if path.exists() else b""


# -- two twins ---------------------------------------------------------------------------------------------------------


@contextmanager
def disk_of_its_own(site: Path, size: int) -> Iterator[bool]:
    """A small disk in memory for the site to be on, where this machine lets us have one."""
    site.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(site)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        take_down(site)


def twins(calm: Path, bad: Path, what: "Torture") -> None:
    """A site with its jobs submitted, and its calm twin, which keeps its ledger in a file."""
    study = begin(calm, engine=what.engine)
    submit(calm, study, what.jobs, what.seconds)
    for entry in calm.iterdir():
        target = bad / entry.name
        shutil.copytree(entry, target, symlinks=True) if entry.is_dir() else shutil.copy2(entry, target)
    if what.ledger:
        (bad / "ledger.db").unlink()
        (bad / "ledger.url").write_text(what.ledger, encoding="utf-8")
        move_ledger(calm, what.ledger)


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


@dataclass(frozen=True)
class Torture:
    """A bad night to be had: how many jobs, by whom, in which ledger and engine, and how long each program takes."""

    jobs: int
    names: tuple[str, ...]
    ledger: str = ""
    seed: int = 1
    night: Night = Night()
    seconds: float = 0.3
    engine: str = PLAYED
    daemon: Engine | None = None
    bounds: Bounds = Bounds()


def torture(folder: Path, what: Torture, tell: Tell = lambda _line: None) -> tuple[Told, Told]:
    """A bad night and its calm twin."""
    chance = random.Random(what.seed)  # noqa: S311 - a bad night is repeated by its seed
    calm, bad = folder / "calm", folder / "bad"
    size = DISK + what.jobs * DISK_OF_A_JOB
    with disk_of_its_own(calm, size), disk_of_its_own(bad, size):
        tell(f"{what.jobs} jobs are handed in")
        twins(calm, bad, what)
        suffered = Site(bad, what.names, what.bounds, lambda line: tell(f"bad: {line}"))
        ill = suffered.live(what.night, chance, what.daemon)
        rested = Site(calm, ("worker",), what.bounds, lambda line: tell(f"calm: {line}"))
        well = rested.live(None, chance, None)
    return ill, well


# -- the verdict -------------------------------------------------------------------------------------------------------


def verdicts(suffered: Told, rested: Told, jobs: int) -> dict[str, list[str]]:
    """What a bad night must not change: for each promise, everything that breaks it."""
    lost = [f"{len(suffered.stages)} jobs of {jobs}"] if len(suffered.stages) != jobs else []
    final = [
        f"{request}: {stage}, which is not final"
        for request, stage in suffered.stages.items()
        if not stage.startswith(("released", "failed"))
    ]
    other = [
        f"{request}: {stage}, and {rested.stages.get(request)} on the calm site"
        for request, stage in suffered.stages.items()
        if stage != rested.stages.get(request)
    ]
    twice = [f"{place} ended {times} times" for place, times in suffered.ends.items() if times != 1]
    differ = [
        name
        for name in sorted({*suffered.released, *rested.released})
        if not suffered.released.get(name) or suffered.released[name] != rested.released.get(name)
    ]
    return {
        "every_job_in_one_final_state": [*lost, *final],
        "as_on_the_calm_night": other,
        "none_ran_two_accepted_times": twice,
        "released_bytes_equal": [f"{name} is not the same" for name in differ]
        or ([] if suffered.released else ["nothing was released"]),
        "ledger_verifies": [*suffered.broken, *rested.broken],
        "nothing_waits": [*suffered.waits, *rested.waits],
    }


def what_is_wrong(suffered: Told, rested: Told, jobs: int) -> list[str]:
    """Everything that a bad night must not change, and did."""
    return [line for lines in verdicts(suffered, rested, jobs).values() for line in lines]
