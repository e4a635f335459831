"""What every runner promises, and the loop that takes one box from nothing to a receipt.

A runner keeps no state of its own that matters: each answer is asked of the engine, of the kernel, or read from
`state_dir`, so that a fresh runner over the same `state_dir` knows what a killed one knew. Every step may be repeated.
`run` refuses nothing itself: it passes on the runner's refusals, after it has removed what it made.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from sandboxes.model import Box, BoxRefused, Observation, Phase, Receipt, Wall

POLL_SECONDS = (0.01, 0.25)
"""How soon a running box is looked at first, and how long between looks at most."""
LOST = "BOX_LOST"
"""The code of the refusal for a job that was here and is gone."""


class Clock(Protocol):
    """Time as a parameter."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The host's own clock, for a command of this package; a service passes its own."""

    def now(self) -> float:
        """Seconds since 1970 by this host."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait by this host's clock."""
        time.sleep(seconds)


@runtime_checkable
class Runner(Protocol):
    """Runs boxes behind walls. The suite in `tests/contract` holds every implementation to these words.

    Any method may raise RunnerUnavailable when the engine does not answer; the world is then as it was, or as the next
    `observe` tells it. Methods that name a job this runner does not have treat it as ABSENT.
    """

    @property
    def name(self) -> str:
        """`docker`, `bubblewrap` or `rehearsal`."""
        ...

    def walls(self) -> tuple[Wall, ...]:
        """The walls that stand around every box of this runner, here and now."""
        ...

    def missing_walls(self) -> tuple[Wall, ...]:
        """The walls it cannot build here. A caller prints them; a site may refuse to run behind fewer walls."""
        ...

    def images(self) -> Mapping[str, str]:
        """The images that boxes can be made from here: name -> content id. Nothing is ever fetched."""
        ...

    def prepare(self, box: Box) -> None:
        """Make the box, without starting its program.

        Before: the job is ABSENT, or already here with an equal box, in which case nothing happens.
        After: PREPARED (or further, if it was). A preparation that was cut short is done again from the beginning.
        Raises BoxRefused when the image is not here or may not be run, when an input is missing or is not a plain file
        or folder, or when the job's name is taken by another box; nothing is left behind.
        """
        ...

    def launch(self, job: str) -> None:
        """Start the program, once.

        Before: PREPARED, RUNNING or STOPPED; only the first starts anything, so a program never runs twice.
        After: RUNNING or STOPPED. What the engine says of the box is compared with what was asked just before the
        start; a box that differs in any field is destroyed and BoxRefused is raised. BoxRefused too when ABSENT.
        """
        ...

    def observe(self, job: str) -> Observation:
        """What the job is doing, asked now. Changes nothing. STOPPED is final until `discard`."""
        ...

    def progress(self, job: str) -> int | None:
        """How much of its work the program says is done, in hundredths from 0 to 99; None where it says nothing of the kind.

        It says so in a file of two digits among its outputs, named as `sandboxes.saying.SAID`. A program chooses what it
        says: this is for one that is ours, and never for a study's own.
        """
        ...

    def halt(self, job: str) -> None:
        """End the program, whatever it does to stay.

        After: STOPPED (or ABSENT if it was), with no process of the box left. The status is TIMED_OUT when it had used
        its wall-clock time, else CANCELLED. A box that was only PREPARED becomes STOPPED and can not be launched.
        Nothing happens to a job that is STOPPED.
        """
        ...

    def collect(self, job: str, patterns: tuple[str, ...], into: Path) -> Receipt:
        """Take the declared outputs, and the log, out of a box that has STOPPED.

        `into` is a folder for this job alone; the log goes beside the outputs there. All or nothing: when one declared
        output is missing or refused, none is kept. Nothing is collected unless the program ended well.
        Asked again with the same patterns and folder, it gives the same receipt. Raises BoxRefused unless STOPPED.
        """
        ...

    def discard(self, job: str) -> None:
        """End the job if it runs and remove all that this runner holds of it; what was collected stays. ABSENT is fine."""
        ...

    def sweep(self, keep: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Discard every job of this runner that is not in `keep`, and halt those in `keep` that are past their time.

        Returns the jobs that were discarded, sorted. It sees only what was made under its own `state_dir`.
        """
        ...


def run(
    runner: Runner,
    box: Box,
    patterns: tuple[str, ...],
    into: Path,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
) -> Receipt:
    """Take one box the whole way, end it at its wall-clock limit or when `cancelled`, and leave nothing behind.

    A box of the same job that an interrupted run left is taken up where it is. Raises BoxRefused and RunnerUnavailable.
    """
    clock = clock or SystemClock()
    runner.prepare(box)
    try:
        runner.launch(box.job)
        wait(runner, box, cancelled, clock)
        return runner.collect(box.job, patterns, into)
    finally:
        runner.discard(box.job)


def wait(
    runner: Runner,
    box: Box,
    cancelled: Callable[[], bool],
    clock: Clock,
    *,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Wait until a launched box has stopped, and halt it at its wall-clock limit or when `cancelled`.

    `look` is called each time it is found running. Raises BoxRefused when the box is no longer there.
    """
    pause, longest = POLL_SECONDS
    while (seen := runner.observe(box.job)).phase is not Phase.STOPPED:
        if seen.phase is Phase.ABSENT:
            raise lost(box.job)
        overdue = seen.started is not None and clock.now() - seen.started >= box.limits.wall_seconds
        if overdue or cancelled():
            runner.halt(box.job)
        else:
            look()
            clock.sleep(pause)
            pause = min(longest, pause * 1.5)


def lost(job: str) -> BoxRefused:
    """The refusal for a job that was here and is gone: nothing it did counts."""
    return BoxRefused(
        LOST,
        f"The box of job {job} is no longer there: its host was restarted, or someone removed it.",
        fix="Nothing of it was kept. Submit the job again.",
    )


def not_prepared(job: str) -> BoxRefused:
    """The refusal for a step on a job that is not there."""
    return BoxRefused(
        "NOT_PREPARED",
        f"There is no box of job {job} here.",
        fix="Prepare it first, on this host and state folder.",
    )


def still_running(job: str) -> BoxRefused:
    """The refusal for collecting from a box that a program could still change."""
    return BoxRefused(
        "STILL_RUNNING",
        f"The box of job {job} has not stopped, so its outputs could still change.",
        fix="Wait for it to end, or halt it.",
    )
