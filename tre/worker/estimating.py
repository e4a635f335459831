"""How long a query may take, told before it has: each is asked of people who do not exist, and that is brought to scale.

What was asked of them before, in another request or as its author tried it out, is known already, and told at once. A request
that starts and ends at once is left alone; any other that waits, or runs on, is rehearsed behind a worker's back, in the same
boxes, on a synthetic store of its backend. What is told is a band of words, for as many people as the real store has, rounded
to one digit: nothing of it comes from a row [P1]. It refuses to keep anybody waiting, and to try the same twice.
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from job_specs.model import SqlBody
from sandboxes.runner import Runner
from tre.custody.requests import ActionKind, Job, JobRequest, JobState, Outcome
from tre.data.extract import REPORT, read_report
from tre.data.progress import Progress, silent
from tre.data.rehearsal_store import Dummy
from tre.dispatch.code import Code, lay_out
from tre.dispatch.ports import inside_path
from tre.dispatch.rehearsal import BOXES, Asked, Played, Rehearsal
from tre.dispatch.retry import code_of
from tre.records.costs import Costs, Took
from tre.service import Service

LOG = logging.getLogger("tre.worker")
FEW_PEOPLE = 2_000
STUDY = "study"
"""The one study of an estimate's folder."""
PATIENCE = 5.0
"""Seconds after which a request that is not over is worth an estimate."""
LONGEST_END = 60.0
"""Seconds that a worker which ends, and of which nothing else runs, waits for the estimate that it is making."""

Estimate = Callable[[JobRequest], Mapping[str, Took]]
"""How long each query of a request took among made-up people; raises whatever it likes."""


class Estimating:
    """Makes estimates, one after another, in a thread that nobody waits for."""

    def __init__(self, service: Service, estimate: Estimate | None, steady: Callable[[], float]) -> None:
        """Without ``estimate`` none is made; ``steady`` counts seconds from any moment."""
        self._service, self._estimate, self._steady = service, estimate, steady
        self._seen: dict[str, float] = {}
        self._tried: set[str] = set()
        self._busy: threading.Thread | None = None

    def look(self, cases: Iterable[JobRequest]) -> None:
        """Begin the next estimate, where one is due and none is being made."""
        if self._estimate is None or self.busy:
            return
        now, open_cases = self._steady(), {case.id: case for case in cases if _is_open(case)}
        self._seen = {name: self._seen.get(name, now) for name in open_cases}
        self._tried &= set(open_cases)
        due = (name for name, at in self._seen.items() if name not in self._tried and now - at >= PATIENCE)
        name = next(due, None)
        if name is not None:
            self._tried.add(name)
            self._busy = threading.Thread(
                target=self._make, args=(open_cases[name], self._estimate), daemon=True
            )
            self._busy.start()

    @property
    def busy(self) -> bool:
        """Whether one is being made."""
        return self._busy is not None and self._busy.is_alive()

    def end(self) -> None:
        """Wait for the one that is being made: it leaves nothing behind, and nothing of it goes on when the worker has gone."""
        if self._busy is not None:
            self._busy.join(LONGEST_END)

    def clear(self, clear: Callable[[], None]) -> None:
        """End what a worker that was killed while it made an estimate has left, if that can be done now."""
        try:
            clear()
        except Exception as error:  # noqa: BLE001 - nobody's job waits for it: what is left over is cleared at the next start
            LOG.info("left over", extra={"code": code_of(error)})

    def _make(self, case: JobRequest, estimate: Estimate) -> None:
        keys = {job.action.name: job.action.content_key for job in case.jobs if _is_query(job)}
        backend = case.submission.backend
        try:
            costs = Costs(self._service.ledger)
            if set(keys.values()) - set(costs.of(backend, keys.values())):
                took = estimate(case)
                costs.note(backend, {key: took[name] for name, key in keys.items() if name in took})
        except Exception as error:  # noqa: BLE001 - the face of a thread: a request is not worse off without an estimate
            LOG.info("no estimate", extra={"job": case.id, "code": code_of(error)})


def clear(folder: Path, runner: Callable[[Path], Runner]) -> None:
    """End the boxes, with all that is mounted for them, and the files that an estimate has left in its folder.

    Raises what ``runner`` does, which makes the runner whose boxes lie in a folder.
    """
    boxes = folder / STUDY / BOXES
    if boxes.exists():
        runner(boxes).sweep()
    shutil.rmtree(folder, ignore_errors=True)


def _is_query(job: Job) -> bool:
    return job.action.kind is not ActionKind.CODE


def _is_open(case: JobRequest) -> bool:
    return any(job.state in {JobState.ASKED, JobState.STARTED} for job in case.jobs)


def rehearsed(
    code: Code,
    backend: str,
    folder: Path,
    *,
    rehearse: Callable[[Path, Dummy, Progress], Rehearsal],
    people: tuple[int, int] = (FEW_PEOPLE, Dummy.patients),
) -> Mapping[str, Took]:
    """How long each query of a study took; nothing is said of one that does not end well.

    It is asked of few made-up people and of more: the difference is what each of them adds. ``folder`` is kept for this alone.
    """
    few, more = (_took(code, Dummy(backend, each), folder, rehearse) for each in people)
    return {name: {people[0]: few[name], people[1]: more[name]} for name in few.keys() & more.keys()}


def _took(
    code: Code, dummy: Dummy, folder: Path, rehearse: Callable[[Path, Dummy, Progress], Rehearsal]
) -> Mapping[str, float]:
    """Seconds that each query takes; what an estimate that was interrupted has left is ended first."""
    shutil.rmtree(folder / STUDY, ignore_errors=True)
    lay_out(code, folder / STUDY)
    rehearsal = rehearse(folder / STUDY, dummy, silent)
    rehearsal.clear()
    names = (action.name for action in rehearsal.intake.spec.actions if isinstance(action.body, SqlBody))
    took = {name: _seconds(rehearsal, name) for name in names}
    return {name: seconds for name, seconds in took.items() if seconds is not None}


def _seconds(rehearsal: Rehearsal, action: str) -> float | None:
    """How long the engine says that one query took."""
    for played in rehearsal.play((action,), Asked(everything=True), lambda _line: None):
        return seconds_of(rehearsal, played)
    return None


def seconds_of(rehearsal: Rehearsal, played: Played) -> float | None:
    """How long the engine says that a query took; nothing is said of other actions, and of one that did not end well."""
    reports = [each.digest for each in played.outputs if each.path == inside_path(played.action, REPORT)]
    if played.outcome is not Outcome.SUCCEEDED or not reports:
        return None
    return read_report(rehearsal.read(reports[0])).seconds
