"""When health checks are due: a look every quarter of an hour, every wall every six hours, jobs every day, unless the site says otherwise.

Pure: from what was done and the time now. Jobs and walls wait for a maintenance window or a pause to end, and are due at once
then. Refuses to be put off for ever by a clock that was set back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tre.dispatch.schedule import Gate
from tre.records.daybook import Entry
from tre.records.looks import LOOKED, RAN


class Task(StrEnum):
    """What may be due."""

    DOCTOR = "doctor"
    CHECK = "check"
    JOBS = "jobs"


@dataclass(frozen=True)
class Schedule:
    """How often each is done, and after how long an illness is told to more people."""

    doctor: timedelta = timedelta(minutes=15)
    check: timedelta = timedelta(hours=6)
    jobs: timedelta = timedelta(hours=24)
    escalate: tuple[timedelta, ...] = (timedelta(hours=4), timedelta(hours=24))

    def __post_init__(self) -> None:
        if min(self.doctor, self.check, self.jobs, *self.escalate) <= timedelta():
            raise ValueError("a schedule's times are longer than nothing")

    def every(self, task: Task) -> timedelta:
        """How often a task is done."""
        return {Task.DOCTOR: self.doctor, Task.CHECK: self.check, Task.JOBS: self.jobs}[task]

    @property
    def stale(self) -> timedelta:
        """After how long without a look nobody knows."""
        return 2 * max(self.doctor, self.check, self.jobs)


def schedule_of(untrusted: Mapping[str, Any]) -> Schedule:
    """The schedule in a site's file. Raises TypeError or ValueError for what is not one."""
    usual = Schedule()
    hours = untrusted.get("escalate_hours")
    unknown = set(untrusted) - {"doctor_minutes", "check_hours", "jobs_hours", "escalate_hours"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return Schedule(
        doctor=timedelta(minutes=float(untrusted.get("doctor_minutes", usual.doctor / timedelta(minutes=1)))),
        check=timedelta(hours=float(untrusted.get("check_hours", usual.check / timedelta(hours=1)))),
        jobs=timedelta(hours=float(untrusted.get("jobs_hours", usual.jobs / timedelta(hours=1)))),
        escalate=usual.escalate if hours is None else tuple(timedelta(hours=float(each)) for each in hours),
    )


@dataclass(frozen=True)
class Due:
    """What is to be done now, what would be and waits for maintainers, and when to look at the clock again."""

    now: tuple[Task, ...]
    waiting: Mapping[Task, str]
    next_at: datetime


def due(schedule: Schedule, done: Sequence[Entry], now: datetime, gate: Gate) -> Due:
    """What is due. ``done`` are the looks and runs so far."""
    last = {task: _last(done, task) for task in Task}
    ready = [task for task in Task if _is_due(last[task], schedule.every(task), now)]
    waiting = {task: why for task in ready if (why := _waits(task, gate))}
    doing = [task for task in ready if task not in waiting]
    if Task.CHECK in doing and Task.DOCTOR in doing:
        # Whoever looks at everything has looked at that too.
        doing.remove(Task.DOCTOR)
    upcoming = [
        at + schedule.every(task) for task, at in last.items() if at is not None and task not in ready
    ]
    return Due(tuple(doing), waiting, min([*upcoming, now + schedule.doctor]))


def _last(done: Iterable[Entry], task: Task) -> datetime | None:
    kind = RAN if task is Task.JOBS else LOOKED
    fitting = (e for e in done if e.kind == kind and not (task is Task.CHECK and e.facts.get("quick", True)))
    return max((datetime.fromisoformat(entry.at) for entry in fitting), default=None)


def _is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or not timedelta() <= now - last < every


def _waits(task: Task, gate: Gate) -> str:
    """Why a task does not start now; nothing where it may."""
    if task is Task.DOCTOR:
        return ""
    reason = gate.everything or (gate.data if task is Task.JOBS else None)
    return reason.sentence if reason else ""
