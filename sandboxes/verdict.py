"""How a box ended, decided from what the engine and the kernel say, in one place for every runner.

A program chooses its exit code, so the code alone tells only success from failure: it can not pass for a killed, an
out-of-memory or a timed-out program, nor for a fault of the engine. Nothing is guessed here and nothing is asked.
"""

from dataclasses import dataclass

from sandboxes.model import Status


@dataclass(frozen=True)
class Ended:
    """What is known of a box that has stopped."""

    exit_code: int
    wall_seconds: float
    limit_seconds: float
    out_of_memory: bool
    """The kernel ended a process of the box for want of memory, whether or not the program survived that."""
    halted: bool
    """Its end was asked for by us."""
    output_full: bool
    """Its output file system had no space or no entries left when it stopped."""


def verdict(ended: Ended) -> Status:
    """The status of a box that has stopped, before its outputs are looked at."""
    if ended.wall_seconds >= ended.limit_seconds:
        return Status.TIMED_OUT
    if ended.halted:
        return Status.CANCELLED
    if ended.out_of_memory:
        return Status.OUT_OF_MEMORY
    if ended.output_full:
        return Status.OUTPUT_LIMIT
    return Status.OK if ended.exit_code == 0 else Status.FAILED
