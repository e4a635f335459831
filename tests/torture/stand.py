"""A site to be tortured: real ledger, claims, vault, checks and worker processes; programs that are played, not run.

`python -m tests.torture.stand SITE NAME` is one worker of it, as a process that can be killed. What is played stands in
for the sandbox engine alone: its boxes outlive the worker, it can be taken away, and what runs then dies with it.
"""

import csv
import errno
import io
import json
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import tre.cli
from output_checks.model import Verdict
from sandboxes.model import RunnerUnavailable
from sandboxes.rehearsal import RehearsalRunner, Room
from tre.cli.app import run_command_line
from tre.cli.house import House
from tre.custody.outputs import Decision, FileVote
from tre.custody.requests import RequestStage
from tre.main import Hands, clock, new_id
from tre.service import By

DEMO = Path(tre.cli.__file__).parent / "demo_site"
PATIENTS = 400
ENGINE_AWAY = "engine-away"
CLOCK = "clock-step"
TAKES = "# takes "
KINDS = ("table", "table", "table", "two", "boom", "greedy", "nothing")
"""What the jobs are, in turn: most end well, and three kinds do not."""

COHORT = "SELECT patients.patient_id, patients.sex, patients.region FROM patients\n"
SCRIPTS = ("table", "other", "boom", "greedy", "nothing")


def spec(kind: str, number: int) -> str:
    """A study's spec; the number makes every job another."""
    head = f"""version: "5.0"
purpose: covid-19-research
title: Tortured
data:
  patients: [patient_id, sex, region]
parameters:
  number: {number}
actions:
"""
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
    resources: {{memory: 1GB, cpus: 1, time: 2h}}
"""


def write_study(folder: Path, kind: str, number: int, seconds: float) -> Path:
    """A study's folder, each of whose programs takes so many seconds."""
    (folder / "analysis").mkdir(parents=True)
    (folder / "project.yaml").write_text(spec(kind, number), encoding="utf-8")
    (folder / "analysis" / "cohort.sql").write_text(f"-- {number}\n{COHORT}", encoding="utf-8")
    for script in SCRIPTS:
        (folder / "analysis" / f"{script}.py").write_text(f"{TAKES}{seconds}\n# {number}\n", encoding="utf-8")
    return folder


# -- what is played --------------------------------------------------------------------------------------------------


def play(room: Room) -> int:
    """The program of any box of a tortured site."""
    if room.box.argv[1:2] == ("-I",):
        return _extract_played(room)
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


def _extract_played(room: Room) -> int:
    query: Mapping[str, Any] = json.loads((room.input("/code") / "query.json").read_bytes())
    columns = query["columns"]
    rows = [[f"p{number:05}", ("female", "male")[number % 2], f"region {number % 3}"] for number in range(96)]
    _write(room.output / query["output"]["path"], [columns, *rows])
    (room.output / query["output"]["report"]).write_text("{}", encoding="utf-8")
    room.seconds = 0.05
    return 0


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
    """The played engine, which is away while a file of the site says so."""

    def __init__(self, site: Path, state: Path) -> None:
        super().__init__({"python3": play}, state_dir=state, clock=SteppedClock(site))
        self._site = site

    def __getattribute__(self, name: str) -> Any:
        if name in {"images", "prepare", "launch", "observe", "halt", "collect", "discard", "sweep"}:
            site = object.__getattribute__(self, "_site")
            if (site / ENGINE_AWAY).exists():
                raise RunnerUnavailable("ENGINE_AWAY", "The engine does not answer.", fix="Start it again.")
        return super().__getattribute__(name)


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
    return Hands(
        clock=lambda: clock() + timedelta(seconds=off.step()),
        new_id=new_id,
        choose=lambda _site, state: Played(site, state),
    )


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


def begin(site: Path, *, ledger: str = "", lease: float = 3.0) -> str:
    """A site with people, a store, and an approved study, whose id is given."""
    site.mkdir(parents=True)
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


def review(house: House) -> None:
    """Two checkers vote for whatever may leave of every request that was checked, and one signs it off."""
    for case in [house.service.request(request) for request in house.service.request_ids()]:
        if case.stage is not RequestStage.CHECKED or any(o.verdict is Verdict.REFUSED for o in case.offered):
            continue
        note = house.documents.put(b"looked at")
        files = tuple(FileVote(each.path, each.digest, Decision.APPROVE, note) for each in case.offered)
        for checker in ("cleo", "dan"):
            house.service.vote(By(house.site.person(checker), hands_now(house)), case.id, files)
        house.service.sign_off(By(house.site.person("cleo"), hands_now(house)), case.id)


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


def main() -> int:
    """One worker."""
    site, name = Path(sys.argv[1]), sys.argv[2]
    return run_command_line(
        hands(site).wiring(), ["--site", str(site), "--json", "worker", "run", "--name", name]
    )


if __name__ == "__main__":
    sys.exit(main())
