"""The health jobs on their way: built-in specs, submitted, run in boxes and checked through the same corridor as a study.

    canaries, pair-first, pair-second     on made-up people
    live-<backend>                        on the store itself, aggregates alone

Refuses to judge what came of them (that is `canaries` and `live`), and to let any of it leave: its purpose never does [P3].
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import job_specs
from output_checks.model import Report
from tre.custody.outputs import Offered
from tre.custody.requests import JobRequest, RequestStage
from tre.custody.studies import Application
from tre.dispatch.checks import Checks
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, Intake, read_study
from tre.dispatch.ports import DataRooms, Shelf
from tre.health.eyes import StoreTold
from tre.health.studies import FIRST, SECOND, Wanted, standing, together
from tre.records.daybook import Daybook
from tre.records.errors import WorkerAlreadyRunning
from tre.records.wake import Bell
from tre.service import By, Service
from tre.worker import Worker

SPECS = Path(job_specs.__file__).parent / "health"
MOVING = frozenset({RequestStage.SUBMITTED, RequestStage.RUNNING, RequestStage.LANDED})
PATIENCE = timedelta(minutes=20)
"""For so long a standing worker is waited for."""
CANARIES, PAIR_FIRST, PAIR_SECOND = "canaries", "pair-first", "pair-second"


@dataclass(frozen=True)
class Canaries:
    """How many made-up people a study may see, and how many have opted out and may not be seen."""

    people: int
    opted_out: int


@dataclass(frozen=True)
class Corridor:
    """What a health job goes through. ``read`` gives a quarantined output of ours, for the platform's own eyes."""

    service: Service
    worker: Callable[[], Worker]
    alone: Callable[[], AbstractContextManager[None]]
    bell: Callable[[], Bell]
    clock: Callable[[], datetime]
    data: DataRooms
    backend: str
    documents: Shelf
    read: Callable[[str], bytes]
    checks: Checks
    daybook: Daybook
    stores: Callable[[], Sequence[StoreTold]]
    build_canaries: Callable[[datetime], Canaries]
    new_id: Callable[[str], str]
    oldest_extract: timedelta | None = None
    """How old an extract may be, where the site says so."""


@dataclass(frozen=True)
class Walked:
    """What came of one walk down the corridor: each spec's request, as it stands now."""

    canaries: Canaries
    requests: Mapping[str, JobRequest]
    waiting: tuple[str, ...] = ()

    @property
    def planted(self) -> JobRequest:
        """The request in which everything is planted."""
        return self.requests[CANARIES]


def walk(corridor: Corridor, by: By) -> Walked:
    """Submit every spec, let the worker take them as far as it may, and see where they stand.

    Raises:
        Refusal: a maintenance study is not approved yet, or the caller may not ask for it.
    """
    intakes = {name: _intake(corridor, name, backend) for name, backend in _specs(corridor).items()}
    first, second = _studies(corridor, by, intakes)
    canaries = corridor.build_canaries(by.now)
    names = {
        name: _submit(corridor, by, second if name == PAIR_FIRST else first, (name, intake))
        for name, intake in intakes.items()
    }
    waiting = _taken_as_far_as_may_be(corridor, frozenset(names.values()))
    requests = {name: corridor.service.request(request) for name, request in names.items()}
    return Walked(canaries, requests, waiting)


def _taken_as_far_as_may_be(corridor: Corridor, ours: frozenset[str]) -> tuple[str, ...]:
    """Let a worker take our requests on: one of our own, or the one that stands here already. Gives why any of them waits."""
    try:
        with corridor.alone(), closing(corridor.worker()) as worker:
            waiting = worker.run_until_idle()
    except WorkerAlreadyRunning:
        return _wait_for_the_other(corridor, ours)
    return tuple(each.sentence for each in waiting if each.request in ours)


def _wait_for_the_other(corridor: Corridor, ours: frozenset[str]) -> tuple[str, ...]:
    """The worker that stands here was woken by the submissions; wait for what it makes of them, and not for ever."""
    until = corridor.clock() + PATIENCE
    with closing(corridor.bell()) as bell:
        bell.listen()
        while any(corridor.service.request(each).stage in MOVING for each in ours):
            if corridor.clock() >= until:
                return (f"The standing worker has not ended them within {PATIENCE.seconds // 60} minutes.",)
            bell.wait(1.0)
    return ()


def _specs(corridor: Corridor) -> dict[str, str]:
    """The built-in specs that are run here, and the backend of each."""
    on_canaries = dict.fromkeys((CANARIES, PAIR_FIRST, PAIR_SECOND), corridor.backend)
    return on_canaries | {f"live-{store.backend}": store.backend for store in corridor.stores()}


def _studies(corridor: Corridor, by: By, intakes: Mapping[str, Intake]) -> tuple[Application, Application]:
    mine = together(scope for name, each in intakes.items() if name != PAIR_FIRST for scope in each.spec.data)
    wanted = (Wanted(FIRST, mine), Wanted(SECOND, intakes[PAIR_FIRST].spec.data))
    first, second = standing(corridor.service, by, wanted, corridor.new_id)
    return first, second


def _intake(corridor: Corridor, name: str, backend: str) -> Intake:
    return read_study(gather(SPECS / name), corridor.data.of(backend), corridor.service.site.images)


def _submit(corridor: Corridor, by: By, study: Application, spec: tuple[str, Intake]) -> str:
    (name, intake), put = spec, corridor.documents.put
    submission = intake.submission(
        study.id,
        spec=put(intake.code.files[SPEC]),
        code=keep(intake.code, put),
        images=corridor.service.site.images,
        backend=_specs(corridor)[name],
    )
    return corridor.service.submit(by, corridor.new_id("job"), submission).id


def offer_of(case: JobRequest, path: str) -> Offered | None:
    """What was offered under that path."""
    return next((each for each in case.offered if each.path == path), None)


def output_of(corridor: Corridor, case: JobRequest, path: str) -> bytes | None:
    """The bytes of an output of ours, as they landed; nothing where it did not."""
    digest = next((each.digest for each in case.outputs if each.path == path), None)
    return None if digest is None else corridor.read(digest)


def report_of(corridor: Corridor, offered: Offered) -> Report:
    """The checks' report on an offered file of ours."""
    return Report.from_json(corridor.read(offered.report).decode("utf-8"))
