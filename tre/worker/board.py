"""Every request that is not finished, folded as the ledger grows: what the loop looks at instead of reading it all again.

Made anew from the ledger's first event at every start. Refuses to remember anything that the ledger does not say.
"""

from collections.abc import Callable, Iterator, Mapping

from tre.custody.events import Landed, Started
from tre.custody.evolve import evolve, new_case
from tre.custody.requests import Job, JobRequest, JobState, RequestStage
from tre.records.envelope import Envelope
from tre.service import REQUEST, Service

MOVING = frozenset({RequestStage.SUBMITTED, RequestStage.RUNNING})
ENDED = frozenset({RequestStage.FAILED, RequestStage.CANCELLED, RequestStage.REFUSED})
"""Where nothing is left for a worker to do."""


Touched = Mapping[str, set[str] | None]
"""The cases that something happened to; of a request the actions that it changed, or nothing where it may be all."""


class Board:
    """The open requests of one ledger, in the order in which they were asked."""

    def __init__(self, service: Service) -> None:
        """An empty board; `catch_up` fills it. ``hear`` is told of every event on the way.

        ``left`` are the requests of which something has left, recalled or not, in the order in which it first did, each as
        it was when something last did. It holds everything up to ``position``: whoever reads both, from any thread, reads
        the position first.
        """
        self._service = service
        self.position = 0
        self.hear: Callable[[Envelope], None] = lambda _envelope: None
        self._asked: dict[str, int] = {}
        self._seqs: dict[str, int] = {}
        self.cases: dict[str, JobRequest] = {}
        self.left: dict[str, JobRequest] = {}
        self.ready: dict[str, dict[str, Job]] = {}
        self._needed_by: dict[str, dict[str, tuple[str, ...]]] = {}
        self._touched: dict[str, set[str] | None] = {}

    def catch_up(self) -> Touched:
        """Take in what was written since; the cases, of any kind, that it was about.

        Where the ledger goes away in the midst of it, the next call goes on there and gives the cases of both.
        """
        for envelope in self._service.ledger.events(self.position):
            actions = self._take_in(envelope) if envelope.case_kind == REQUEST else None
            self.position = envelope.position
            self._touch(envelope.case_id, actions)
            self.hear(envelope)
        touched, self._touched = self._touched, {}
        for request, changed in touched.items():
            self._renew_ready(request, changed)
        return touched

    def _touch(self, case: str, actions: set[str] | None) -> None:
        if actions is None:
            self._touched[case] = None
        elif (so_far := self._touched.setdefault(case, set())) is not None:
            so_far |= actions

    def _renew_ready(self, request: str, actions: set[str] | None) -> None:
        """What is ready of a request: looked at again whole, or just where these actions have changed."""
        case = self.cases.get(request)
        if case is None or case.stage not in MOVING:
            self.ready.pop(request, None)
            self._needed_by.pop(request, None)
        elif actions is None or request not in self.ready:
            self.ready[request] = _ready(case)
            self._needed_by[request] = _needed_by(case)
        else:
            states = {name: case.job(name) for name in actions}
            for name, job in states.items():
                ready = job is not None and _is_ready(case, job)
                if job is not None and ready:
                    self.ready[request][name] = job
                else:
                    self.ready[request].pop(name, None)

    def drop(self, request: str) -> None:
        """Forget a request that is finished; if anything more happens to it, it is here again."""
        self.cases.pop(request, None)
        self.ready.pop(request, None)
        self._asked.pop(request, None)
        self._seqs.pop(request, None)

    def asked(self, request: str) -> int:
        """Its place in the order of asking."""
        return self._asked.get(request, 0)

    def is_moving(self, request: str) -> bool:
        """Whether its actions may still run; asked from any thread."""
        case = self.cases.get(request)
        return case is not None and case.stage in MOVING

    def started(self) -> Iterator[tuple[JobRequest, Job]]:
        """Every action that has started and not ended."""
        for case in list(self.cases.values()):
            if case.stage in MOVING:
                yield from ((case, job) for job in case.jobs if job.state is JobState.STARTED)

    def _take_in(self, envelope: Envelope) -> set[str] | None:
        """Fold in one event; the actions that it changed, or nothing where it may have changed them all."""
        request = envelope.case_id
        if envelope.seq <= self._seqs.get(request, 0):
            return set()
        if envelope.seq != self._seqs.get(request, 0) + 1:
            # It was dropped, and something more has happened: as the ledger has it now, which is this event or later.
            case, self._seqs[request] = self._service.ledger.case(REQUEST, request)
        else:
            case = evolve(self.cases.get(request) or new_case(REQUEST, request), envelope.event)
            self._seqs[request] = envelope.seq
        self._asked.setdefault(request, envelope.position)
        if isinstance(case, JobRequest):
            self._keep(case)
        match envelope.event:
            case Started(action):
                return {action}
            case Landed(action):
                return {action, *self._needed_by.get(request, {}).get(action, ())}
        return None

    def _keep(self, case: JobRequest) -> None:
        if case.statements:
            self.left[case.id] = case
        if case.stage in ENDED and not case.statements:
            self.drop(case.id)
        else:
            self.cases[case.id] = case


def _ready(case: JobRequest) -> dict[str, Job]:
    """The actions that could start: asked, and everything that they need has landed."""
    landed = {job.action.name for job in case.jobs if job.state is JobState.LANDED}
    return {
        job.action.name: job
        for job in case.jobs
        if job.state is JobState.ASKED and landed.issuperset(job.action.needs)
    }


def _is_ready(case: JobRequest, job: Job) -> bool:
    needed = (case.job(name) for name in job.action.needs)
    return job.state is JobState.ASKED and all(
        other is not None and other.state is JobState.LANDED for other in needed
    )


def _needed_by(case: JobRequest) -> dict[str, tuple[str, ...]]:
    """For each action, the actions that need it."""
    found: dict[str, list[str]] = {}
    for job in case.jobs:
        for need in job.action.needs:
            found.setdefault(need, []).append(job.action.name)
    return {name: tuple(by) for name, by in found.items()}
