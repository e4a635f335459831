"""Wake, look, start, sleep: the one thread of a worker that decides, and never waits for bytes.

Refuses to run on for a worker that is told to stop: what runs is left to its box, and is found there again.
"""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from tre.custody.errors import Refusal
from tre.custody.requests import Job, JobRequest, Outcome
from tre.dispatch.actions import box_name
from tre.dispatch.retry import due_at, give_up_after, wait_after
from tre.dispatch.schedule import Gate, Place, Ready, Rules
from tre.records.errors import ClaimHeld, ClaimLost, LedgerUnavailable, LeftMeanwhile
from tre.service import Held, Service
from tre.worker.acting import Act, Actor, Fault
from tre.worker.board import Board
from tre.worker.errands import Errand, Errands
from tre.worker.estimating import Estimating
from tre.worker.looking import Queue
from tre.worker.tools import Tools, Waiting
from tre.worker.watching import Watch

LOG = logging.getLogger("tre.worker")

HOST_WAITS = 2.0
"""Seconds until a host that had no engine, no room or no database is tried again."""


BUSY_ELSEWHERE = Fault("claim-held", "Another worker is at it.", "Nothing is to be done.", hosts=False)


@dataclass(frozen=True)
class Running:
    """Something in a thread of ours: an action, or an errand (whose ``ready`` is nothing)."""

    future: "Future[Fault | None]"
    act: Act | None
    ready: Ready | None
    errand: Errand | None = None


class Worker:
    """Takes every request as far as the platform may take it by itself."""

    def __init__(self, service: Service, tools: Tools) -> None:
        """A worker over a service; its name is held by nobody else (the caller holds the lock on it)."""
        self.service = service
        self.tools = tools
        self.tell: Callable[[str], None] = lambda _line: None
        self._why: dict[str, Waiting] = {}
        self._gate = Gate()
        self._board = Board(service)
        self.watch = Watch(service, tools.meter)
        self._actor = Actor(service, tools, self._board)
        self._errands = Errands(service, tools, self._board)
        self._estimating = Estimating(service, tools.estimate, time.monotonic)
        self._running: dict[Place, Running] = {}
        self._held_off: dict[str, float] = {}
        self._queue = Queue(self._board, tools)
        self._later: Mapping[Place, float] = {}
        self._host_again_at = 0.0
        self._renewed_at = 0.0
        self._bell = tools.bell()
        self._pools = _pools(tools)

    @property
    def name(self) -> str:
        """The worker's own name."""
        return self.tools.settings.name

    # -- what is called from outside ----------------------------------------------------------------------------

    def settle(self) -> tuple[str, ...]:
        """After a start: end every box that this worker has no claim on, and what estimates that were cut short have left.

        Returns:
            The sandbox jobs that were ended.
        """
        self._bell.listen()
        self._queue.refresh(self._board.catch_up())
        self._board.hear = self.watch.heard
        self._estimating.clear(self.tools.clear)
        kept = {box_name(case, job, token) for case, job, token in self._mine()}
        return self.tools.dispatcher.sweep(frozenset(kept))

    def run_until_idle(self) -> tuple[Waiting, ...]:
        """Look until nothing moves and nothing runs.

        Returns:
            The requests that wait, each with its one good reason.
        """
        self._bell.listen()
        self._held_off.clear()
        while self.look() or self._running:
            if self._running:
                self._bell.wait(1.0)
        return tuple(self.waiting.values())

    def run(self, stop: Callable[[], bool]) -> None:
        """Look whenever there is something new, until told to stop; then wait for nothing."""
        self._bell.listen()
        while not stop():
            try:
                self.look()
            except LedgerUnavailable as away:
                LOG.warning("the ledger is away", extra={"code": away.code})
                self.tools.meter.ledger_away()
                self._bell.wait(HOST_WAITS)
            else:
                self._bell.wait(self._until_next_look())
        self._actor.stopping.set()

    def close(self) -> None:
        """Let go of the bell and of the threads, once nothing runs in them."""
        self._actor.stopping.set()
        self._estimating.end()
        self._bell.close()
        self.watch.close()
        for pool in self._pools.values():
            pool.shutdown(wait=not self._running)

    def strike(self) -> None:
        """Wake the loop, from any thread or signal."""
        self._bell.strike()

    @property
    def waiting(self) -> Mapping[str, Waiting]:
        """The requests that do not move, each with its one good reason."""
        running = [each.ready for each in self._running.values() if each.ready is not None]
        reasons = self._queue.reasons(running, self._rules())
        held = {name: Waiting(name, why.code, why.sentence, why.fix) for name, why in reasons.items()}
        return held | self._why

    @property
    def busy(self) -> int:
        """How many things run now."""
        return len(self._running)

    def look(self) -> bool:
        """Take in what is new and start what may start; whether anything moved."""
        began = time.monotonic()
        moved = self._look()
        self._estimating.look(self._board.cases.values())
        if self.watch.looked(began, self._board):
            readies = [each.ready for each in self._running.values()]
            pools = (
                "errands" if ready is None else "data" if ready.is_data else "compute" for ready in readies
            )
            self.watch.count(self._board, pools, (each.code for each in self.waiting.values()))
        return moved

    def _look(self) -> bool:
        self._renew()
        ended = self._reap()
        self._later = self._read_faults()
        touched = self._board.catch_up()
        self._queue.refresh(touched)
        for case in touched:
            if self._held_off.pop(case, None) is not None:
                self._why.pop(case, None)
        self._forget_waits()
        self._why = {name: why for name, why in self._why.items() if name in self._board.cases}
        self._gate = self.tools.gate(self.tools.clock())
        self._adopt()
        moved = self._run_errands()
        self._renew()
        return self._start_actions() or moved or ended or bool(touched)

    def _forget_waits(self) -> None:
        """Forget the waits that are over, and those longer than any that is set: the clock was put back since."""
        now, longest = self._now(), max(self.tools.settings.lease, HOST_WAITS)
        self._held_off = {name: at for name, at in self._held_off.items() if now < at <= now + longest}
        if self._host_again_at > now + HOST_WAITS:
            self._host_again_at = 0.0

    # -- its own life --------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.tools.clock().timestamp()

    def _renew(self) -> None:
        """Say that this worker lives, well before its lease lapses."""
        now, lease = self._now(), self.tools.settings.lease
        if not 0 <= now - self._renewed_at < lease / 3:
            self.service.claims.renew(self.name, now + lease)
            self._renewed_at = now

    def _until_next_look(self) -> float:
        soonest = self.tools.settings.lease / 3
        times = [*self._held_off.values(), *self._later.values(), self._host_again_at]
        later = [at - self._now() for at in times if at > self._now()]
        return max(0.02, min([soonest, *later]))

    # -- what ended ------------------------------------------------------------------------------------------------

    def _reap(self) -> bool:
        """Take in what has ended in the threads; whether anything had."""
        done = [(place, each) for place, each in self._running.items() if each.future.done()]
        for place, each in done:
            del self._running[place]
            fault = each.future.result()
            if fault is None:
                self._why.pop(place[0], None)
            elif fault is BUSY_ELSEWHERE:
                self._held_off[place[0]] = self._now() + min(self.tools.settings.lease, HOST_WAITS)
            else:
                self._take_fault(place, each, fault)
        return bool(done)

    def _take_fault(self, place: Place, ended: Running, fault: Fault) -> None:
        self._wait_for(place[0], fault)
        self.tools.meter.fault(fault.code)
        if fault.hosts:
            self._host_again_at = self._now() + HOST_WAITS
        elif ended.act is not None:
            self._count(ended.act, fault)
        else:
            self._held_off[place[0]] = self._now() + HOST_WAITS

    def _count(self, act: Act, fault: Fault) -> None:
        """One more fault of the platform at this action: later again, or never."""
        earlier = self.service.claims.faults().get(act.place)
        number = (earlier.number if earlier else 0) + 1
        again_at = self._now() + wait_after(number)
        self.service.claims.fault(act.place, fault.code, again_at, token=act.token)
        if give_up_after(number) and self._board.is_moving(act.case.id):
            log = self.tools.dispatcher.note(f"The platform failed at it {number} times: {fault.code}.\n")
            self._give_up(act, log)

    def _give_up(self, act: Act, log: str) -> None:
        held, outcome = Held(act.token), Outcome.PLATFORM_FAULT
        try:
            self.service.fail(
                self.tools.clock(), act.case.id, action=act.action, outcome=outcome, log=log, claim=held
            )
        except (ClaimLost, Refusal):
            LOG.info("not ours to end", extra={"job": act.case.id, "action": act.action})

    def _wait_for(self, request: str, why: Fault | Refusal) -> None:
        self._why[request] = Waiting(request, why.code, why.sentence, why.fix)

    # -- what starts -----------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take up what had started and does not run here: our own from before, and what a lost worker left."""
        if self._host_again_at > self._now():
            return
        for case, action, token in self._mine():
            place = (case.id, action)
            if place not in self._running and self._later.get(place, 0.0) <= self._now():
                self._act(Act(case, action, token), self._queue.ready_of(case, action))

    def _mine(self) -> list[tuple[JobRequest, str, int]]:
        """What has started under a claim of this worker, or of one whose lease has lapsed and which is now taken over."""
        mine = []
        leases: Mapping[str, float] | None = None
        started = (each for each in self._board.started() if place_of(*each) not in self._running)
        elsewhere = list(started)
        claims = self.service.claims.of_all({case.id for case, _ in elsewhere})
        for case, job in elsewhere:
            claim = claims.get(place_of(case, job))
            if claim is not None and claim.worker == self.name:
                mine.append((case, job.action.name, claim.token))
                continue
            leases = self.service.claims.leases() if leases is None else leases
            lapsed = claim is None or leases.get(claim.worker, 0.0) <= self._now()
            if lapsed and self._gate.everything is None:
                mine.extend(self._take_over(case, job.action.name))
        return mine

    def _take_over(self, case: JobRequest, action: str) -> list[tuple[JobRequest, str, int]]:
        job = case.job(action)
        try:
            taken, token = self.service.claim(
                self.tools.clock(), case.id, action=action, image=job.image if job else "", worker=self.name
            )
        except ClaimHeld:
            return []
        except Refusal as reason:
            self._wait_for(case.id, reason)
            return []
        LOG.info("took over", extra={"job": case.id, "action": action})
        return [(taken, action, token)]

    def _read_faults(self) -> Mapping[Place, float]:
        """When what the platform failed at may be tried again."""
        faults, now = self.service.claims.faults(), self._now()
        return {place: due_at(fault.again_at, fault.number, now) for place, fault in faults.items()}

    def _rules(self) -> Rules:
        return Rules(self.tools.settings.limits, self._gate, self._now(), self._later)

    def _run_errands(self) -> bool:
        """Start what requests need that is not an action; whether anything was started."""
        if self._host_again_at > self._now() or self._gate.everything is not None:
            return False
        held = self._held()
        started = [self._run_errand(case, held) for case in list(self._board.cases.values())]
        return any(started)

    def _run_errand(self, case: JobRequest, held: frozenset[str]) -> bool:
        if self._errands.are_done(case):
            self._board.drop(case.id)
            self._queue.refresh({case.id: None})
            return False
        if case.id in held or self._errands_are_full():
            return False
        errand = self._errands.of(case)
        if errand is None or self._waits_its_turn(errand):
            return False
        place = (case.id, errand.name)
        if place in self._running:
            return False
        future = self._pools["errands"].submit(self._go, case, errand)
        future.add_done_callback(lambda _: self._bell.strike())
        self._running[place] = Running(future, None, None, errand)
        return True

    def _errands_are_full(self) -> bool:
        """Whether no thread is free for another: what waits in line would be out of date when its turn came."""
        running = sum(each.errand is not None for each in self._running.values())
        return running >= self.tools.settings.errands

    def _waits_its_turn(self, errand: Errand) -> bool:
        """Whether it lets something out while another does: of two at once, one would be compared for nothing."""
        return errand.lets_out and any(
            each.errand and each.errand.lets_out for each in self._running.values()
        )

    def _go(self, case: JobRequest, errand: Errand) -> Fault | None:
        """Run an errand, in a thread."""
        self.tell(f"{case.id}: {errand.name.lstrip('@')}")
        LOG.info("errand", extra={"job": case.id, "kind": errand.name})
        try:
            token = self.service.claim_errand(self.tools.clock(), case.id, errand.name, worker=self.name)
        except ClaimHeld:
            return BUSY_ELSEWHERE
        except Exception as error:  # noqa: BLE001 - the worker's own edge: one request's fault must not end the others
            return Fault.of(error)
        return self._work_at(case, errand, token)

    def _work_at(self, case: JobRequest, errand: Errand, token: int) -> Fault | None:
        try:
            errand.work(case, token)
        except LeftMeanwhile:
            # Still ours: the next look compares it again.
            LOG.info("something else left meanwhile", extra={"job": case.id})
        except ClaimLost:
            return BUSY_ELSEWHERE
        except Exception as error:  # noqa: BLE001 - as in `_go`
            self._give_back((case.id, errand.name), token)
            return Fault.of(error)
        return None

    def _give_back(self, place: Place, token: int) -> None:
        """Let others have what failed here, at once and not when our lease lapses, which it does not while we live."""
        try:
            self.service.claims.give_back(place, token)
        except LedgerUnavailable:
            LOG.info("not given back", extra={"job": place[0]})

    def _start_actions(self) -> bool:
        """Claim and start what may start, one decision after another; whether anything was started."""
        if self._host_again_at > self._now():
            return False
        started, rules = False, self._rules()
        running = [each.ready for each in self._running.values() if each.ready is not None]
        while (ready := self._queue.next(running, rules, self._held())) is not None:
            started = True
            if not self._claim(ready):
                # Somebody else may have it, and the next as well: look again before asking for another.
                self._bell.strike()
                break
            running.append(ready)
            self._renew()
        return started

    def _held(self) -> frozenset[str]:
        now = self._now()
        return frozenset(request for request, until in self._held_off.items() if until > now)

    def _claim(self, ready: Ready) -> bool:
        """Claim an action and set it going; whether it is ours."""
        request, action = ready.place
        case = self._board.cases[request]
        self._why.pop(request, None)
        try:
            image = self.tools.dispatcher.image_for(case, action)
            taken, token = self.service.claim(
                self.tools.clock(), request, action=action, image=image, worker=self.name
            )
        except ClaimHeld:
            self._queue.leave(ready)
        except Exception as error:  # noqa: BLE001 - the worker's own edge: one request's fault must not end the others
            self._hold_off(request, Fault.of(error))
        else:
            self._queue.leave(ready)
            self._act(Act(taken, action, token), ready)
            return True
        return False

    def _hold_off(self, request: str, fault: Fault) -> None:
        """It does not start now: because of the whole host, which is tried again soon, or of itself, a little later."""
        self._wait_for(request, fault)
        self._held_off[request] = self._now() + self.tools.settings.lease / 3
        if fault.hosts:
            self._host_again_at = self._now() + HOST_WAITS
            self._held_off.pop(request)

    def _act(self, act: Act, ready: Ready) -> None:
        self.tell(f"{act.case.id}: running {act.action}")
        LOG.info("running", extra={"job": act.case.id, "action": act.action})
        pool = self._pools["data" if ready.is_data else "compute"]
        future = pool.submit(self._actor.act, act)
        future.add_done_callback(lambda _: self._bell.strike())
        self._running[act.place] = Running(future, act, ready)


def place_of(case: JobRequest, job: Job) -> Place:
    """Where an action is."""
    return (case.id, job.action.name)


def _pools(tools: Tools) -> Mapping[str, ThreadPoolExecutor]:
    limits = tools.settings.limits
    sizes = {"data": limits.data, "compute": limits.compute, "errands": tools.settings.errands}
    return {name: ThreadPoolExecutor(size, thread_name_prefix=name) for name, size in sizes.items()}
