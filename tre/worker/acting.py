"""One action in a thread of its own: run behind walls, its outcome appended under its claim, its box forgotten.

What comes back is a report for the loop, never an outcome: outcomes are on the ledger or nowhere. Refuses to lose an
ending because the ledger is away for a while: it is appended when the ledger is back, or found again in the box by the
worker that comes after.
"""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from tre.custody.errors import Refusal
from tre.custody.requests import JobRequest, JobState, Outcome
from tre.dispatch.actions import Ending
from tre.dispatch.retry import code_of, is_the_hosts
from tre.dispatch.reuse import NEVER_FROM, reuse_key
from tre.dispatch.schedule import Place
from tre.records.errors import ClaimLost, LedgerUnavailable
from tre.service import Held, Service
from tre.worker.board import Board
from tre.worker.sharing import Coarsely
from tre.worker.tools import Tools

LOG = logging.getLogger("tre.worker")
SECONDS_BETWEEN_TRIES = 1.0


@dataclass(frozen=True)
class Fault:
    """The platform failed at something; ``hosts`` where the host as a whole is at fault."""

    code: str
    sentence: str
    fix: str
    hosts: bool

    @classmethod
    def of(cls, error: Exception) -> "Fault":
        """What may be said of an error: our own words, never what a stranger's exception says [P1]."""
        sentence = (
            str(getattr(error, "sentence", ""))
            or "The platform failed at it in a way that it did not expect."
        )
        fix = (
            str(getattr(error, "fix", ""))
            or "A maintainer looks at the worker's log; it is tried again by itself."
        )
        return cls(code_of(error), sentence, fix, is_the_hosts(error) or isinstance(error, LedgerUnavailable))


@dataclass(frozen=True)
class Act:
    """One claimed action."""

    case: JobRequest
    action: str
    token: int

    @property
    def place(self) -> Place:
        """The request and the action."""
        return (self.case.id, self.action)

    @property
    def kind(self) -> str:
        """Whether it is an extract, an aggregate or code."""
        job = self.case.job(self.action)
        return job.action.kind.value if job else ""


class Actor:
    """Runs claimed actions; its methods are called in threads."""

    def __init__(self, service: Service, tools: Tools, board: Board) -> None:
        """``board`` says whether a request still wants its actions run."""
        self._service = service
        self._tools = tools
        self._board = board
        self.stopping = threading.Event()

    def act(self, act: Act) -> Fault | None:
        """Run an action to its end and say how it ended; the fault where the platform could not."""
        began = time.monotonic()
        try:
            held = Held(act.token, self._key(act))
            ending = self._again(held.reuse_key) or self._run(act)
            self._record_surely(act, ending, held)
            self._tools.meter.ended(act.kind, ending.outcome.value, time.monotonic() - began)
        except ClaimLost:
            LOG.info("lost the claim", extra={"job": act.case.id, "action": act.action})
        except Refusal as refusal:
            if self._board.is_moving(act.case.id):
                return Fault(refusal.code, refusal.sentence, refusal.fix, hosts=False)
        except Exception as error:  # noqa: BLE001 - the worker's own edge: one action's fault must not end the others
            LOG.warning("fault", extra={"job": act.case.id, "action": act.action, "code": code_of(error)})
            return Fault.of(error)
        self._forget(act)
        return None

    def _run(self, act: Act) -> Ending:
        return self._tools.dispatcher.run(
            act.case,
            act.action,
            cancelled=lambda: not self._board.is_moving(act.case.id),
            token=act.token,
            told=Coarsely(lambda quarters: self._share(act, quarters), time.monotonic),
        )

    def _share(self, act: Act, quarters: int) -> None:
        """Say how far a query is, where the ledger's database is there to be told; nothing rests on it."""
        with suppress(LedgerUnavailable):
            self._service.claims.note_share(act.place, act.token, quarters)

    def _key(self, act: Act) -> str:
        job = act.case.job(act.action)
        return reuse_key(act.case, job, self._tools.settings.made_with) if job else ""

    def _again(self, key: str) -> Ending | None:
        """An earlier result that everything is the same for, if all of its bytes are still kept."""
        place = self._service.claims.made(key) if key else None
        if place is None:
            return None
        earlier = self._service.request(place[0])
        job = earlier.job(place[1])
        if job is None or earlier.stage in NEVER_FROM or not job.log:
            return None
        if not all(self._tools.dispatcher.has(output.digest) for output in job.outputs):
            return None
        log = self._tools.dispatcher.note(f"Nothing that it is made of has changed since {place[0]}.\n")
        return Ending(Outcome.SUCCEEDED, job.outputs, log)

    def _record_surely(self, act: Act, ending: Ending, held: Held) -> None:
        """Append the outcome; wait where the ledger is away, because what was run cannot be run again for nothing.

        A ledger that went away may have taken it before it did: that is looked up before it is said again.
        """
        said = False
        while not (said and self._is_told(act)):
            said = True
            try:
                return self._record(act, ending, held)
            except LedgerUnavailable:
                if self.stopping.wait(SECONDS_BETWEEN_TRIES):
                    raise
        return None

    def _is_told(self, act: Act) -> bool:
        """Whether the ledger is there and has the action's end."""
        with suppress(LedgerUnavailable):
            job = self._service.request(act.case.id).job(act.action)
            return job is None or job.state is not JobState.STARTED
        return False

    def _record(self, act: Act, ending: Ending, held: Held) -> None:
        now, request = self._tools.clock(), act.case.id
        if ending.outcome is Outcome.SUCCEEDED:
            self._service.land(
                now, request, action=act.action, outputs=ending.outputs, log=ending.log, claim=held
            )
        else:
            self._service.fail(
                now, request, action=act.action, outcome=ending.outcome, log=ending.log, claim=held
            )

    def _forget(self, act: Act) -> None:
        try:
            self._tools.dispatcher.forget(act.case, act.action, act.token)
        except Exception as error:  # noqa: BLE001 - what is left over is swept at the next start
            LOG.info("left over", extra={"job": act.case.id, "code": code_of(error)})
