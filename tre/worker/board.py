"""Every request that is not finished, folded as the ledger grows: what the loop looks at instead of reading it all again.

Made anew from the ledger's first event at every start. Refuses to remember anything that the ledger does not say.
"""

from collections.abc import Iterator

from tre.custody.evolve import evolve, new_case
from tre.custody.requests import Job, JobRequest, JobState, RequestStage
from tre.records.envelope import Envelope
from tre.service import REQUEST, Service

MOVING = frozenset({RequestStage.SUBMITTED, RequestStage.RUNNING})
ENDED = frozenset({RequestStage.FAILED, RequestStage.CANCELLED, RequestStage.REFUSED})
"""Where nothing is left for a worker to do."""


class Board:
    """The open requests of one ledger, in the order in which they were asked."""

    def __init__(self, service: Service) -> None:
        """An empty board; `catch_up` fills it."""
        self._service = service
        self._position = 0
        self._asked: dict[str, int] = {}
        self._seqs: dict[str, int] = {}
        self.cases: dict[str, JobRequest] = {}
        self.ready: dict[str, tuple[Job, ...]] = {}

    def catch_up(self) -> frozenset[str]:
        """Take in what was written since; the cases, of any kind, that it was about."""
        touched = set()
        for envelope in self._service.ledger.events(self._position):
            self._position = envelope.position
            touched.add(envelope.case_id)
            if envelope.case_kind == REQUEST:
                self._take_in(envelope)
        for request in touched & set(self.cases):
            self.ready[request] = _ready(self.cases[request])
        return frozenset(touched)

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

    def _take_in(self, envelope: Envelope) -> None:
        request = envelope.case_id
        if envelope.seq <= self._seqs.get(request, 0):
            return
        if envelope.seq != self._seqs.get(request, 0) + 1:
            # It was dropped, and something more has happened: as the ledger has it now, which is this event or later.
            case, self._seqs[request] = self._service.ledger.case(REQUEST, request)
        else:
            case = evolve(self.cases.get(request) or new_case(REQUEST, request), envelope.event)
            self._seqs[request] = envelope.seq
        self._asked.setdefault(request, envelope.position)
        if isinstance(case, JobRequest):
            self._keep(case)

    def _keep(self, case: JobRequest) -> None:
        if case.stage in ENDED and not case.statements:
            self.drop(case.id)
        else:
            self.cases[case.id] = case


def _ready(case: JobRequest) -> tuple[Job, ...]:
    """The actions that could start: asked, and everything that they need has landed."""
    if case.stage not in MOVING:
        return ()
    landed = {job.action.name for job in case.jobs if job.state is JobState.LANDED}
    return tuple(
        job for job in case.jobs if job.state is JobState.ASKED and landed.issuperset(job.action.needs)
    )
