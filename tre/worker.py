"""The loop: from what the ledger says has been asked, to what the ledger says has happened. Crash-only.

Every tick is recomputed from the ledger and the sandbox engine; nothing is remembered between two ticks, so a worker
that is killed and started again goes on where the world is. Intent is appended before an act (``start``), outcome after
(``land``); every act is safe to repeat. Refuses to run beside another worker on the same ledger, and to invent an
outcome: what the platform cannot do is said as one good reason, and tried again at the next tick.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tre.custody.errors import Refusal
from tre.custody.outputs import Offered
from tre.custody.policies.run import to_offer
from tre.custody.requests import Job, JobRequest, JobState, Outcome, RequestStage
from tre.dispatch.actions import Dispatcher, Ending
from tre.dispatch.checks import Checks
from tre.dispatch.errors import DispatchError
from tre.dispatch.push import Push
from tre.service import Service

LOG = logging.getLogger("tre.worker")

Clock = Callable[[], datetime]

UNDER_REVIEW = frozenset(
    {RequestStage.CHECKED, RequestStage.VOTED, RequestStage.REVIEWED, RequestStage.SIGNED_OFF}
)
"""Where a change of the disclosure policy means that everything is checked, and voted on, again [P10]."""


@dataclass(frozen=True)
class Waiting:
    """Why a request does not move: the one good reason, for the people who may see it."""

    request: str
    code: str
    sentence: str
    fix: str


@dataclass(frozen=True)
class Tools:
    """What the worker acts with."""

    dispatcher: Dispatcher
    checks: Checks
    push: Push
    clock: Clock


class Worker:
    """Takes every request as far as the platform may take it by itself."""

    def __init__(self, service: Service, tools: Tools) -> None:
        """A worker over a service; one at a time on a ledger (the caller holds the lock)."""
        self.service = service
        self.tools = tools
        self.tell: Callable[[str], None] = LOG.info
        self.waiting: dict[str, Waiting] = {}

    def settle(self) -> tuple[str, ...]:
        """After a start: end what no request of the ledger is waiting for; push what left but did not arrive.

        Returns:
            The sandbox jobs that were ended.
        """
        open_jobs = frozenset(self.tools.dispatcher.names(list(self._open())))
        return self.tools.dispatcher.sweep(open_jobs)

    def run_until_idle(self) -> tuple[Waiting, ...]:
        """Tick until nothing moves.

        Returns:
            The requests that wait, each with its one good reason.
        """
        while self._tick_all():
            continue
        return tuple(self.waiting.values())

    def _open(self) -> Iterator[JobRequest]:
        for request in self.service.request_ids():
            yield self.service.request(request)

    def _tick_all(self) -> bool:
        """Take every case one step on; whether any moved."""
        moved = [self._tick(case) for case in list(self._open())]
        return any(moved)

    def _tick(self, case: JobRequest) -> bool:
        """Take one case one step on; whether it moved."""
        self.waiting.pop(case.id, None)
        try:
            return self._step(case)
        except (Refusal, DispatchError) as reason:
            self.waiting[case.id] = Waiting(case.id, reason.code, reason.sentence, reason.fix)
            return False

    def _step(self, case: JobRequest) -> bool:
        if case.stage in UNDER_REVIEW and case.policy != self.service.rules.check_policy:
            return self._check(case)
        act = {
            RequestStage.SUBMITTED: self._run,
            RequestStage.RUNNING: self._run,
            RequestStage.LANDED: self._check,
            RequestStage.SIGNED_OFF: self._release,
            RequestStage.RELEASED: self.tools.push.deliver,
            RequestStage.RECALLED: self.tools.push.entomb,
        }.get(case.stage)
        return act(case) if act is not None else False

    def _release(self, case: JobRequest) -> bool:
        self.service.release(self.tools.clock(), case.id)
        return True

    def _run(self, case: JobRequest) -> bool:
        job = next_job(case)
        if job is None:
            self.service.finish(self.tools.clock(), case.id)
            return True
        if job.state is JobState.ASKED:
            image = self.tools.dispatcher.image_for(case, job.action.name)
            case = self.service.start(self.tools.clock(), case.id, action=job.action.name, image=image)
        self._act(case, job.action.name)
        return True

    def _act(self, case: JobRequest, action: str) -> None:
        """Run a started action to its end and say how it ended; safe to repeat after a crash."""
        self.tell(f"{case.id}: running {action}")
        ending = self.tools.dispatcher.run(case, action, cancelled=lambda: self._cancelled(case.id))
        try:
            self._record(case, action, ending)
        except Refusal:
            if not self._cancelled(case.id):
                raise
            LOG.info("job %s was cancelled while it ran", case.id)
        self.tools.dispatcher.forget(case, action)

    def _record(self, case: JobRequest, action: str, ending: Ending) -> None:
        now = self.tools.clock()
        if ending.outcome is Outcome.SUCCEEDED:
            self.service.land(now, case.id, action=action, outputs=ending.outputs, log=ending.log)
        else:
            self.service.fail(now, case.id, action=action, outcome=ending.outcome, log=ending.log)

    def _cancelled(self, request: str) -> bool:
        return self.service.request(request).stage is RequestStage.CANCELLED

    def _check(self, case: JobRequest) -> bool:
        if not to_offer(case):
            return False
        self.tell(f"{case.id}: checking what landed")
        offered: tuple[Offered, ...] = self.tools.checks.over(case)
        self.service.check(self.tools.clock(), case.id, offered)
        return True


def next_job(case: JobRequest) -> Job | None:
    """The job to take on next: one that had started, else the first that was asked; none when all have landed."""
    started = (job for job in case.jobs if job.state is JobState.STARTED)
    asked = (job for job in case.jobs if job.state is JobState.ASKED)
    return next(started, None) or next(asked, None)
