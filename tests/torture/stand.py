"""A site to be tortured: real ledger, claims, vault, checks and worker processes; programs that are played, not run.

`python -m tests.torture.stand SITE NAME` is one worker of it, as a process that can be killed. What is played stands in
for the sandbox engine alone: its boxes outlive the worker, it can be taken away, and what runs then dies with it.
"""

import contextlib
import csv
import ctypes
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

import tre.cli
from output_checks.model import Verdict
from sandboxes.model import Observation, Receipt, RunnerUnavailable, Status
from sandboxes.rehearsal import RehearsalRunner, Room
from sandboxes.runner import lost
from tre.cli.app import run_command_line
from tre.cli.house import House
from tre.custody.outputs import Decision, FileVote
from tre.custody.requests import JobRequest, RequestStage
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, read_study
from tre.dispatch.rehearsal import BOXES
from tre.main import Hands, clock, new_id
from tre.records.site import load_site
from tre.service import By
from tre.worker.estimating import STUDY
from tre.worker.hosts import runner_of

DEMO = Path(tre.cli.__file__).parent / "demo_site"
PATIENTS = 400
ENGINE_AWAY = "engine-away"
LOST = "lost"
"""In a played box's folder: what it wrote went with its host's memory, while the engine remembers that it ended."""
STEPPED = "stepped-by"
CLOCK = "clock-step"
TAKES = "# takes "
ENGINE = "engine"
PLAYED, REAL = "played", "docker"
CHECKERS = ("cleo", "dan")
TO_REVIEW = frozenset({RequestStage.CHECKED, RequestStage.VOTED, RequestStage.REVIEWED})
KINDS = {
    PLAYED: ("table", "table", "table", "two", "boom", "greedy", "nothing"),
    REAL: ("table", "count", "boom", "count", "greedy", "two", "count", "nothing", "count"),
}
"""What the jobs are, in turn: most end well, and three kinds do not. A played engine plays no aggregate of the store."""

COHORT = "SELECT patients.patient_id, patients.sex, patients.region FROM patients\n"
COHORT_OF = {
    PLAYED: COHORT,
    REAL: "SELECT patients.patient_id, patients.sex, patients.region FROM patients WHERE patients.sex = 'male'\n",
}
"""Real people are the same for every job. Every table of study code then asks the very same of them, and every count the same
of others: which of two questions leaves first would decide what the other one may show, and a night is not to be told by that.
"""
COUNT = """SELECT sex, region, count(DISTINCT patient_id) AS people FROM patients WHERE sex = 'female'
GROUP BY sex, region ORDER BY sex, region
"""
TABLE = """
from collections import Counter
import csv, sys, time
time.sleep({seconds})
with open("output/cohort.csv", newline="") as file:
    counts = Counter((row["sex"], row["region"]) for row in csv.DictReader(file))
with open("output/{name}.csv", "w", newline="") as file:
    rows = [[*key, people] for key, people in sorted(counts.items())]
    csv.writer(file, lineterminator="\\n").writerows([["sex", "region", "people"], *rows])
"""
PROGRAMS = {
    "table": TABLE,
    "other": TABLE,
    "boom": "import sys, time\ntime.sleep({seconds})\nsys.exit(3)\n",
    "greedy": "held = [b'x' * (8 << 20) for _ in range(1000)]\n",
    "nothing": "import time\ntime.sleep({seconds})\n",
}
"""What runs in a real box; a played one does the same."""


def spec(kind: str, number: int, engine: str) -> str:
    """A study's spec; the number makes every job another, and what is played for it an extract of its own."""
    head = f"""version: "5.0"
purpose: covid-19-research
title: Tortured {number}
data:
  patients: [patient_id, sex, region]
{f"parameters: {{number: {number}}}" if engine == PLAYED else ""}
actions:
"""
    if kind == "count":
        return head + _count()
    if kind in {"boom", "greedy", "nothing"}:
        return head + _code(kind, needs="[]")
    tables = ("table", "other") if kind == "two" else ("table",)
    return head + _extract() + "".join(_code(name, needs="[cohort]") for name in tables)


def _extract() -> str:
    return """  cohort:
    sql: analysis/cohort.sql
    outputs:
      highly_sensitive:
        cohort: output/cohort.csv
"""


def _count() -> str:
    return """  count:
    sql: analysis/count.sql
    outputs:
      moderately_sensitive:
        count:
          path: output/count.csv
          statistic: frequencies
          of: patients
          by: [sex, region]
          columns: {people: count}
"""


def _code(name: str, *, needs: str) -> str:
    return f"""  {name}:
    run: python:v1 analysis/{name}.py
    needs: {needs}
    outputs:
      moderately_sensitive:
        {name}:
          path: output/{name}.csv
          statistic: frequencies
          of: {"cohort" if needs == "[cohort]" else "patients"}
          by: [sex, region]
          columns: {{people: count}}
    resources: {{memory: 100MB, cpus: 1, time: 10m}}
"""


def write_study(folder: Path, kind: str, number: int, seconds: float, *, engine: str = PLAYED) -> Path:
    """A study's folder, each of whose programs takes so many seconds."""
    analysis = folder / "analysis"
    analysis.mkdir(parents=True)
    (folder / "project.yaml").write_text(spec(kind, number, engine), encoding="utf-8")
    (analysis / "cohort.sql").write_text(COHORT_OF[engine], encoding="utf-8")
    (analysis / "count.sql").write_text(f"-- {number}\n{COUNT}", encoding="utf-8")
    for name, program in PROGRAMS.items():
        text = program.format(seconds=seconds, name=name)
        (analysis / f"{name}.py").write_text(f"{TAKES}{seconds}\n# {number}\n{text}", encoding="utf-8")
    return folder


# -- what is played --------------------------------------------------------------------------------------------------


def play(room: Room) -> int:
    """The program of any box of a tortured site.

    A real box has room of its own for what it writes; a played one writes to the site's disk. Where that is full, it is the
    engine that cannot run it, as one that cannot make a box, and nothing that the program did.
    """
    try:
        return _play(room)
    except (OSError, duckdb.IOException) as full:
        raise RunnerUnavailable("NO_ROOM", "The disk is full.", fix="Make room on it.") from full


def _play(room: Room) -> int:
    if room.box.argv[1:2] == ("-I",):
        return play_extract(room)
    script = room.box.argv[1].rpartition("/")[2]
    text = (room.input("/workspace/analysis") / script).read_text(encoding="utf-8")
    room.seconds = float(text.splitlines()[0].removeprefix(TAKES))
    if script == "greedy.py":
        raise MemoryError
    if script == "boom.py":
        return 3
    if script != "nothing.py":
        _table_played(room, script)
    return 0


def play_extract(room: Room) -> int:
    query: Mapping[str, Any] = json.loads((room.input("/code") / "query.json").read_bytes())
    columns = query["columns"]
    rows = [[f"p{number:05}", ("female", "male")[number % 2], f"region {number % 3}"] for number in range(96)]
    _write(room.output / query["output"]["path"], [columns, *rows])
    (room.output / query["output"]["report"]).write_text("{}", encoding="utf-8")
    _write_link(room, [row[0] for row in rows])
    room.seconds = 0.05
    return 0


def _write_link(room: Room, patients: list[str]) -> None:
    """Who they are among those behind releases: other people for every job, whichever try of it this is."""
    job = room.box.job.split("-")[1]
    pairs = [(each, "01" + hashlib.sha256(f"{job} {each}".encode()).hexdigest()[:30]) for each in patients]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE link (patient VARCHAR, member UUID)")
        connection.executemany("INSERT INTO link VALUES (?, ?)", pairs)
        connection.execute(f"COPY link TO '{room.output / 'members.parquet'}' (FORMAT parquet)")


def _table_played(room: Room, script: str) -> None:
    text = room.input("/workspace/output/cohort.csv").read_text(encoding="utf-8")
    counts: dict[tuple[str, str], int] = {}
    for row in csv.DictReader(io.StringIO(text)):
        key = (row["sex"], row["region"])
        counts[key] = counts.get(key, 0) + 1
    rows = [[*key, people] for key, people in sorted(counts.items())]
    _write(room.output / script.replace(".py", ".csv"), [["sex", "region", "people"], *rows])


def _write(path: Path, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


class Played(RehearsalRunner):
    """The played engine, which is away while a file of the site says so.

    Its programs take the time that they take; what it says of when they began and ended is by a clock that is stepped.
    """

    def __init__(self, site: Path, state: Path) -> None:
        super().__init__({"python3": play}, state_dir=state)
        self._site, self._off = site, SteppedClock(site)

    def __getattribute__(self, name: str) -> Any:
        if name in {"images", "prepare", "launch", "observe", "halt", "collect", "discard", "sweep"}:
            site = object.__getattribute__(self, "_site")
            if (site / ENGINE_AWAY).exists():
                raise RunnerUnavailable("ENGINE_AWAY", "The engine does not answer.", fix="Start it again.")
        return super().__getattribute__(name)

    def launch(self, job: str) -> None:
        folder = self._home.folder(job)
        if folder.is_dir() and self._before(job) is None:
            (folder / STEPPED).write_text(str(self._off.step()), encoding="utf-8")
        super().launch(job)

    def collect(self, job: str, patterns: tuple[str, ...], into: Path) -> Receipt:
        if (self._home.folder(job) / LOST).exists():
            raise lost(job)
        return super().collect(job, patterns, into)

    def observe(self, job: str) -> Observation:
        seen, record = super().observe(job), self._home.load(job)
        if record is None or seen.started is None:
            return seen
        started = seen.started + (self._before(job) or 0.0)
        if seen.finished is None:
            return replace(seen, started=started)
        finished = seen.finished + self._off.step()
        late = finished - started >= record.box.limits.wall_seconds
        status = Status.TIMED_OUT if late else seen.status
        return replace(seen, started=started, finished=finished, status=status)

    def _before(self, job: str) -> float | None:
        """By how much the clock was off when the box was launched."""
        try:
            return float((self._home.folder(job) / STEPPED).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None


class SteppedClock:
    """The host's clock, as stepped by whoever tortures it."""

    def __init__(self, site: Path) -> None:
        self._path = site / CLOCK

    def step(self) -> float:
        """Seconds by which it is off."""
        try:
            return float(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return 0.0

    def now(self) -> float:
        return time.time() + self.step()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def hands(site: Path) -> Hands:
    """What a tortured house takes from its machine."""
    off = SteppedClock(site)
    tortured = Hands(clock=lambda: clock() + timedelta(seconds=off.step()), new_id=new_id)
    if engine_of(site) == REAL:
        # A real engine's clock is the machine's own, which is not stepped; a host whose two clocks differ is no host.
        return tortured
    return replace(tortured, host=off, choose=lambda _site, state: Played(site, state))


def engine_of(site: Path) -> str:
    """Which engine the site's boxes are of."""
    chosen = site / ENGINE
    return chosen.read_text(encoding="utf-8") if chosen.exists() else PLAYED


# -- the site --------------------------------------------------------------------------------------------------------


def tre_says(site: Path, *words: str) -> Any:
    """One command on the site, in this process; its answer."""
    out = io.StringIO()
    shown, sys.stdout = sys.stdout, out
    try:
        ended = run_command_line(hands(site).wiring(), ["--site", str(site), "--json", *words])
    finally:
        sys.stdout = shown
    if ended:
        raise RuntimeError(f"{words} ended with {ended}: {out.getvalue()}")
    return json.loads(out.getvalue()) if out.getvalue().strip() else None


def begin(site: Path, *, ledger: str = "", lease: float = 3.0, engine: str = PLAYED) -> str:
    """A site with people, a store, and an approved study, whose id is given."""
    site.mkdir(parents=True, exist_ok=True)
    (site / ENGINE).write_text(engine, encoding="utf-8")
    if ledger:
        (site / "ledger.url").write_text(ledger, encoding="utf-8")
    tre_says(site, "init")
    shutil.copy(DEMO / "people.toml", site / "people.toml")
    with (site / "site.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[worker]\nlease_seconds = {lease}\nper_study = 100\ndata = 2\ncompute = 4\n")
    supply = site / "supply.duckdb"
    tre_says(site, "synth", str(supply), "--patients", str(PATIENTS))
    tre_says(site, "--as", "eve", "data", "ingest", str(supply))
    supply.unlink()
    study = tre_says(site, "--as", "ada", "study", "apply", str(DEMO / "application.toml"))["study"]
    tre_says(site, "--as", "ben", "study", "approve", study)
    return str(study)


def review(house: House, cases: Iterable[JobRequest] | None = None) -> None:
    """Two checkers vote for whatever may leave of every request that was checked, and one signs it off."""
    every = (house.service.request(request) for request in house.service.request_ids())
    for case in every if cases is None else cases:
        if case.stage in TO_REVIEW and not any(each.verdict is Verdict.REFUSED for each in case.offered):
            _review(house, case)


def _review(house: House, case: JobRequest) -> None:
    """Go on where a review stands: the ledger may have gone away between two votes."""
    note = house.documents.put(b"looked at")
    files = tuple(FileVote(each.path, each.digest, Decision.APPROVE, note) for each in case.offered)
    for checker in CHECKERS:
        if checker not in {vote.checker for vote in case.votes}:
            case = house.service.vote(By(house.site.person(checker), hands_now(house)), case.id, files)
    house.service.sign_off(By(house.site.person(CHECKERS[0]), hands_now(house)), case.id)


def hands_now(house: House) -> datetime:
    """The site's stepped time."""
    return clock() + timedelta(seconds=SteppedClock(house.folders.site).step())


def fill_up(path: Path, size: int) -> bool:
    """Fill the disk that a path is on; whether it was full before the size was reached."""
    block = bytes(1 << 20)
    try:
        with path.open("wb", buffering=0) as file:
            for _ in range(size >> 20):
                file.write(block)
    except OSError as failed:
        return failed.errno == errno.ENOSPC
    return False


def submit(site: Path, study: str, jobs: int, seconds: float) -> None:
    """Hand in that many jobs of every kind."""
    house, engine = hands(site).wiring().open_house(site), engine_of(site)
    kinds = KINDS[engine]
    for number in range(jobs):
        kind = kinds[number % len(kinds)]
        folder = write_study(site.parent / "study", kind, number, seconds, engine=engine)
        code, keep_bytes = gather(folder), house.documents.put
        intake = read_study(code, house.data.of("tpp"), house.site.images)
        asked = intake.submission(
            study,
            spec=keep_bytes(code.files[SPEC]),
            code=keep(code, keep_bytes),
            images=house.site.images,
            backend="tpp",
        )
        house.service.submit_once(By(house.site.person("ada"), hands_now(house)), asked)
        shutil.rmtree(folder)
    house.service.ledger.close()


def end_boxes(site: Path) -> None:
    """End what killed workers have left in a real engine that answers; a played one's boxes are files of the site."""
    if engine_of(site) != REAL:
        return
    with contextlib.suppress(RunnerUnavailable):
        for boxes in (*site.glob("work/*/boxes"), *site.glob(f"work/*/estimates/{STUDY}/{BOXES}")):
            runner_of(load_site(site), boxes).sweep()


def die_with_parent() -> None:
    """A worker of a torture run ends with it, however that ends."""
    death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
    if os.getppid() == 1:
        sys.exit("whoever started this has ended already")


def main() -> int:
    """One worker."""
    die_with_parent()
    site, name = Path(sys.argv[1]), sys.argv[2]
    return run_command_line(
        hands(site).wiring(), ["--site", str(site), "--json", "worker", "run", "--name", name]
    )


if __name__ == "__main__":
    sys.exit(main())
