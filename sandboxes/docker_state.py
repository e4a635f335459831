"""What an engine's word on a container means for a job: its phase, its times, and how it ended.

The engine is asked elsewhere; here its answer is read, beside the two that know better: the kernel's log, of whose
memory ran out, and our own mark, of whose end was asked for. It refuses to take "started" for later than "ended", and
a shared ceiling's want of memory for this box's own.
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandboxes import kernel_log, mounts
from sandboxes.home import Home, Record
from sandboxes.model import Observation, Phase, Status
from sandboxes.verdict import Ended, verdict

_OVER = frozenset({"exited", "dead"})
_KILLED = 128 + signal.SIGKILL


@dataclass(frozen=True)
class Surroundings:
    """What an answer is read beside."""

    home: Home
    together: bool
    """All boxes stand under one ceiling, so that the engine may tell a box of memory that another wanted."""
    now: float
    """Seconds since 1970."""


def observed(record: Record, state: Mapping[str, Any], beside: Surroundings) -> Observation:
    """The job as the engine's `State` of its container says it is."""
    job = record.box.job
    if state["Status"] == "created":
        return _unstarted(job, halted=beside.home.was_halted(job))
    started = epoch(state["StartedAt"])
    if state["Status"] not in _OVER:
        return Observation(job, Phase.RUNNING, started=started)
    finished = epoch(state["FinishedAt"])
    # The engine notes a start only when it has heard of it: a short program may have ended before.
    started = min(started, finished)
    ended = _ended(record, state, beside, started=started, finished=finished)
    return Observation(job, Phase.STOPPED, verdict(ended), started, finished, ended.exit_code)


def _unstarted(job: str, *, halted: bool) -> Observation:
    return Observation(job, Phase.STOPPED, Status.CANCELLED) if halted else Observation(job, Phase.PREPARED)


def _ended(
    record: Record, state: Mapping[str, Any], beside: Surroundings, *, started: float, finished: float
) -> Ended:
    job = record.box.job
    return Ended(
        exit_code=int(state["ExitCode"]),
        wall_seconds=finished - started,
        limit_seconds=record.box.limits.wall_seconds,
        out_of_memory=_ran_out_of_memory(record.owner, state, beside, started),
        halted=beside.home.was_halted(job),
        output_full=mounts.is_full(beside.home.output(job)),
    )


def _ran_out_of_memory(owner: int, state: Mapping[str, Any], beside: Surroundings, started: float) -> bool:
    if state["OOMKilled"]:
        # Under one ceiling over all, an engine tells every box that memory ran out, and it may have been another's.
        return not (beside.together and kernel_log.acquits(owner, started, beside.now))
    # The engine hears of it apart from the end, and on a busy host after it; the kernel's log was first.
    return int(state["ExitCode"]) == _KILLED and kernel_log.convicts(owner, started, beside.now)


def epoch(untrusted_time: str) -> float:
    """The engine's time, RFC 3339 with nanoseconds, as seconds since 1970. Raises ValueError."""
    return datetime.fromisoformat(untrusted_time).timestamp()
