"""The queue of one look: every action that could start, as the scheduler wants to see it. Refuses to start anything itself."""

from collections.abc import Collection, Iterable, Mapping

from job_specs.errors import SpecError
from job_specs.sql.model import SqlRefused
from tre.custody.requests import Job, JobRequest
from tre.dispatch.errors import DispatchError
from tre.dispatch.schedule import HOST_FULL, Load, Place, Ready, Reason, Rules, Weight, choose, reason_to_wait
from tre.worker.board import Board, Touched
from tre.worker.tools import Tools

Group = tuple[str, bool]
"""A request, and whether it is about its data actions or the others."""


class Queue:
    """What could start: kept from look to look, and changed where the board has changed."""

    def __init__(self, board: Board, tools: Tools) -> None:
        """An empty queue over a board."""
        self._board = board
        self._tools = tools
        self._known: dict[str, dict[str, Ready]] = {}
        self._groups: dict[Group, dict[Place, Ready]] = {}

    def refresh(self, touched: Touched) -> None:
        """Take in what the board says now of what something happened to."""
        for request, actions in touched.items():
            case = self._board.cases.get(request)
            if case is None or actions is None or request not in self._known:
                self._rebuild(request, case)
            else:
                for action in actions:
                    self._renew(case, action)

    def _rebuild(self, request: str, case: JobRequest | None) -> None:
        for is_data in (True, False):
            self._groups.pop((request, is_data), None)
        if case is None:
            self._known.pop(request, None)
            return
        for job in self._board.ready.get(request, {}).values():
            self._put(self._entry(case, job))

    def _renew(self, case: JobRequest, action: str) -> None:
        job = case.job(action)
        if job is not None and action in self._board.ready.get(case.id, {}):
            self._put(self._entry(case, job))
        elif job is not None:
            self.leave(self._entry(case, job))

    def _put(self, ready: Ready) -> None:
        self._groups.setdefault((ready.place[0], ready.is_data), {})[ready.place] = ready

    def next(self, running: Iterable[Ready], rules: Rules, held_off: Collection[str]) -> Ready | None:
        """The action to start next, if any may start; nothing of a request that is held off."""
        groups = (group.values() for (request, _), group in self._groups.items() if request not in held_off)
        return choose(groups, Load.of(running), rules)

    def reasons(self, running: Iterable[Ready], rules: Rules) -> Mapping[str, Reason]:
        """For each request of which something could start and does not: why."""
        load = Load.of(running)
        firsts = {
            request: next(iter(group.values())) for (request, _), group in self._groups.items() if group
        }
        return {request: reason_to_wait(ready, load, rules) or HOST_FULL for request, ready in firsts.items()}

    def leave(self, ready: Ready) -> None:
        """Take an action out: it is claimed."""
        self._groups.get((ready.place[0], ready.is_data), {}).pop(ready.place, None)

    def ready_of(self, case: JobRequest, action: str) -> Ready:
        """An action that is claimed already, as the scheduler sees it."""
        return self._entry(case, next(job for job in case.jobs if job.action.name == action))

    def _entry(self, case: JobRequest, job: Job) -> Ready:
        known = self._known.get(case.id)
        if known is None:
            known = self._known[case.id] = self._entries(case)
        return known[job.action.name]

    def _entries(self, case: JobRequest) -> dict[str, Ready]:
        study, weights = case.submission.application, self._weights(case)
        priority = self._tools.settings.priorities.get(study, 0)
        return {
            job.action.name: Ready(
                place=(case.id, job.action.name),
                kind=job.action.kind,
                study=study,
                asked=(self._board.asked(case.id), number),
                priority=priority,
                weight=weights.get(job.action.name, Weight()),
            )
            for number, job in enumerate(case.jobs)
        }

    def _weights(self, case: JobRequest) -> Mapping[str, Weight]:
        """What each action takes, where anybody asks; nothing where the study cannot be read, which is said when it would start.

        Nobody asks where the host has no limits: to read a thousand studies for it would be most of a worker's start.
        """
        limits = self._tools.settings.limits
        if not (limits.memory_mb or limits.cpus):
            return {}
        try:
            asked = self._tools.dispatcher.resources(case)
        except (DispatchError, SpecError, SqlRefused):
            return {}
        return {name: Weight(each.memory_mb, each.cpus) for name, each in asked.items()}
