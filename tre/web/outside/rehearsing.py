"""A study being tried on synthetic data, beside the pages: the same boxes and the same checks as the real thing, all of it shown.

There is nobody in the data, so there is nothing to hide [P1]. Refuses a third try of one person's at once, and to keep more
than the last few of each: what was tried is scratch, and never on the ledger.
"""

import csv
import io
import json
import logging
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from job_specs.errors import SpecError
from job_specs.plan import plan
from job_specs.sql.model import SqlRefused
from output_checks.model import Finding, Report
from tre.custody.errors import Refusal
from tre.custody.requests import Outcome
from tre.data.progress import Progress
from tre.data.rehearsal_store import Dummy
from tre.dispatch.code import Code, lay_out
from tre.dispatch.errors import DispatchError
from tre.dispatch.rehearsal import Asked, Played, Rehearsal
from tre.views import Sight, report_view
from tre.worker.estimating import seconds_of
from tre.worker.foretelling import Foretelling

LOG = logging.getLogger("tre.web")
EVERYTHING = Sight(outline=True, findings=True, inside=True)
NAME = re.compile(r"try-[0-9a-f]{4,40}")
MOST_AT_ONCE, MOST_KEPT = 2, 10
LONGEST = timedelta(hours=2)
MOST_ROWS, MOST_COLUMNS, MOST_TEXT, MOST_LOG = 100, 60, 200, 100_000

Rehearse = Callable[[Path, Dummy, Progress], Rehearsal]
"""A study's folder, to be played on made-up people; `main` hands it in."""


@dataclass(frozen=True)
class Tried:
    """One try: whose, when, on which backend; and, once it has ended, all that it showed."""

    id: str
    person: str
    at: str
    backend: str
    state: str
    said: Mapping[str, Any]


@dataclass
class Tries:
    """The tries of everybody, each in a folder of its own; one plays at a time."""

    folder: Path
    rehearse: Rehearse
    foretelling: Foretelling
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(self, name: str, person: str, code: Code, *, backend: str, now: datetime) -> threading.Thread:
        """Begin a try, in a thread of its own.

        Raises:
            Refusal: this person has enough on their way.
        """
        mine = self.of(person, now)
        if sum(each.state == "running" for each in mine) >= MOST_AT_ONCE:
            raise Refusal(
                "too-many-tries", "You have two tries on their way.", "Wait for one of them to end.", "P1"
            )
        for old in mine[MOST_KEPT - 1 :]:
            shutil.rmtree(self.folder / old.id, ignore_errors=True)
        place = self.folder / name
        place.mkdir(parents=True, mode=0o700)
        (place / "study").mkdir()
        lay_out(code, place / "study")
        told = {"person": person, "at": now.isoformat(timespec="seconds"), "backend": backend}
        _write(place / "asked.json", told)
        thread = threading.Thread(target=self._play, args=(place, backend), daemon=True)
        thread.start()
        return thread

    def of(self, person: str, now: datetime) -> list[Tried]:
        """Somebody's tries, the newest first."""
        names = [each.name for each in self.folder.iterdir()] if self.folder.exists() else []
        found = (self.read(name, person, now) for name in names)
        return sorted((each for each in found if each), key=lambda each: (each.at, each.id), reverse=True)

    def read(self, untrusted_name: str, person: str, now: datetime) -> Tried | None:
        """A try of this person's own, if there is one of that name."""
        place = self.folder / untrusted_name
        if not NAME.fullmatch(untrusted_name) or not (place / "asked.json").exists():
            return None
        asked = json.loads((place / "asked.json").read_text())
        if asked["person"] != person:
            return None
        if (place / "said.json").exists():
            said = json.loads((place / "said.json").read_text())
            return Tried(untrusted_name, **asked, state=said["state"], said=said)
        late = now - datetime.fromisoformat(asked["at"]) > LONGEST
        return Tried(untrusted_name, **asked, state="interrupted" if late else "running", said={})

    def _play(self, place: Path, backend: str) -> None:
        with self._turn:
            try:
                said = self._played(self.rehearse(place / "study", Dummy(backend), _unheard), Dummy(backend))
            except (SpecError, SqlRefused, DispatchError) as error:
                said = {"state": "refused", "problems": str(error).splitlines()}
            except Exception:  # the face of a thread: whatever it is, whoever waits is told that it ended
                LOG.exception("a try broke")
                said = {"state": "fault", "problems": ["Something here is broken; it was written down."]}
        _write(place / "said.json", said)

    def _played(self, rehearsal: Rehearsal, dummy: Dummy) -> dict[str, Any]:
        """Play it whole, and say all of it; what its queries took is kept."""
        order = plan(rehearsal.intake.spec, ("run_all",)).order
        played = list(rehearsal.play(order, Asked(), lambda _: None))
        took = {each.action: seconds_of(rehearsal, each) for each in played}
        known = {name: {dummy.patients: seconds} for name, seconds in took.items() if seconds is not None}
        self.foretelling.note(dummy.backend, {rehearsal.key(name): each for name, each in known.items()})
        said = _said(rehearsal, order, played)
        for action in said["actions"]:
            name = action["action"]
            action["may_take"] = (
                self.foretelling.may_take(dummy.backend, known[name]) if name in known else ""
            )
        return said


def _unheard(*_: object) -> None:
    """Nobody watches while the synthetic data is made."""


def _said(rehearsal: Rehearsal, order: Sequence[str], played: Sequence[Played]) -> dict[str, Any]:
    well = len(played) == len(order) and all(each.outcome is Outcome.SUCCEEDED for each in played)
    return {
        "state": "succeeded" if well else "failed",
        "actions": [_action(rehearsal, each) for each in played],
        "left_out": [name for name in order if name not in {each.action for each in played}],
        "files": [_file(rehearsal, offered) for offered in rehearsal.offered()] if well else [],
    }


def _action(rehearsal: Rehearsal, played: Played) -> dict[str, Any]:
    log = rehearsal.read(played.log).decode("utf-8", "backslashreplace") if played.log else ""
    return {
        "action": played.action,
        "outcome": played.outcome.value,
        "log": log[-MOST_LOG:],
        "explained": asdict(played.explained) if played.explained else None,
        "refused": list(played.refused),
        "undeclared": list(played.undeclared),
        "made": [output.path for output in played.outputs],
    }


def _file(rehearsal: Rehearsal, offered: Any) -> dict[str, Any]:
    """A file with its findings, and its first rows with every marked cell: why, and how many people."""
    report = Report.from_json(rehearsal.read(offered.report).decode())
    view = report_view(offered, report, EVERYTHING)
    columns, rows = _table(rehearsal.read(offered.raw)) if offered.path.endswith(".csv") else ((), ())
    marks = [*_marks(report.findings, columns)]
    return view | {"columns": list(columns), "rows": [list(row) for row in rows], "marks": marks}


def _table(content: bytes) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    lines = csv.reader(io.StringIO(content.decode("utf-8", "backslashreplace"), newline=""))
    cut = [
        tuple(cell[:MOST_TEXT] for cell in line[:MOST_COLUMNS])
        for line, _ in zip(lines, range(MOST_ROWS + 1), strict=False)
    ]
    return (cut[0], tuple(cut[1:])) if cut else ((), ())


def _marks(findings: tuple[Finding, ...], columns: tuple[str, ...]) -> Iterator[list[Any]]:
    """Each marked cell that is shown, as row, column, severity, rule, people."""
    places = {name: number for number, name in enumerate(columns)}
    for finding in findings:
        people = list(finding.people) if len(finding.people) == len(finding.cells) else []
        for number, cell in enumerate(finding.cells):
            if cell.row < MOST_ROWS and cell.column in places:
                behind = str(people[number]) if people else ""
                yield [cell.row, places[cell.column], finding.severity.value, finding.check, behind]


def _write(path: Path, said: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(said), encoding="utf-8")
    draft.replace(path)
