"""The queue of one look: every action that could start, as the scheduler wants to see it. Refuses to start anything itself."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from job_specs.errors import SpecError
from job_specs.sql.model import SqlRefused
from tre.custody.requests import Job, JobRequest
from tre.dispatch.errors import DispatchError
from tre.dispatch.schedule import (
    HOST_FULL,
    Gate,
    Load,
    Place,
    Ready,
    Reason,
    Rules,
    Weight,
    choose,
    reason_to_wait,
)
from tre.records.claims import Faults
from tre.worker.board import Board
from tre.worker.tools import Tools

_NOBODY = Faults(0, "", 0.0)


class Queue:
    """What could start, in this look."""

    def __init__(self, board: Board, tools: Tools) -> None:
        """An empty queue over a board."""
        self._board = board
        self._tools = tools
        self._ready: dict[Place, Ready] = {}
        self._weights: Callable[[str], Mapping[str, Weight]] = lru_cache(maxsize=64)(self._weigh)

    def fill(
        self, faults: Mapping[Place, Faults], running: frozenset[Place], held_off: frozenset[str]
    ) -> None:
        """Put in everything that could start and does not run, but for the requests that are held off."""
        self._ready = {
            (request, job.action.name): self._entry(
                case, job, faults.get((request, job.action.name), _NOBODY)
            )
            for request, jobs in self._board.ready.items()
            if request not in held_off and (case := self._board.cases.get(request)) is not None
            for job in jobs
            if (request, job.action.name) not in running
        }

    def next(self, running: Iterable[Ready], gate: Gate, now: float) -> Ready | None:
        """The action to start next, if any may start."""
        return choose(self._ready.values(), Load.of(running), self._rules(gate, now))

    def reasons(self, running: Iterable[Ready], gate: Gate, now: float) -> Mapping[str, Reason]:
        """For each request of which something could start and does not: why."""
        load, rules = Load.of(running), self._rules(gate, now)
        return {
            ready.place[0]: reason_to_wait(ready, load, rules) or HOST_FULL for ready in self._ready.values()
        }

    def leave(self, ready: Ready) -> None:
        """Take an action out: it is claimed."""
        self._ready.pop(ready.place, None)

    def leave_request(self, request: str) -> None:
        """Take all of a request out, for this look."""
        for place in [place for place in self._ready if place[0] == request]:
            del self._ready[place]

    def next_at(self, now: float) -> float:
        """When the first of those that wait after a fault may be tried again; 0 where none waits."""
        times = [ready.again_at for ready in self._ready.values() if ready.again_at > now]
        return min(times, default=0.0)

    def ready_of(self, case: JobRequest, action: str) -> Ready:
        """An action that is claimed already, as the scheduler sees it."""
        found = [job for job in case.jobs if job.action.name == action]
        return self._entry(case, found[0], _NOBODY)

    def _entry(self, case: JobRequest, job: Job, faults: Faults) -> Ready:
        study, name = case.submission.application, job.action.name
        return Ready(
            place=(case.id, name),
            kind=job.action.kind,
            study=study,
            asked=(self._board.asked(case.id), 0),
            priority=self._tools.settings.priorities.get(study, 0),
            weight=self._weights(case.id).get(name, Weight()),
            again_at=faults.again_at,
        )

    def _weigh(self, request: str) -> Mapping[str, Weight]:
        """What each action takes; nothing where the study cannot be read, which is said when it would start."""
        try:
            asked = self._tools.dispatcher.resources(self._board.cases[request])
        except (DispatchError, SpecError, SqlRefused, KeyError):
            return {}
        return {name: Weight(each.memory_mb, each.cpus) for name, each in asked.items()}

    def _rules(self, gate: Gate, now: float) -> Rules:
        return Rules(self._tools.settings.limits, gate, now)
