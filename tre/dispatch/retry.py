"""What may be tried again after the platform failed, how soon, and when to give up. Pure.

An action that failed in its own code, ran out of memory or time, or left outputs that were refused is never run again by
itself: it would only fail again. What the host lacks (no engine, no room, no database) is nobody's fault, is waited for,
and is not counted. Everything else that is the platform's is counted, with longer and longer waits, up to a cap.
"""

from sandboxes.model import RunnerUnavailable

MOST_FAULTS = 5
"""After so many faults the action ends as a platform fault."""

FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0


def is_the_hosts(fault: BaseException) -> bool:
    """Whether the fault is of the host as a whole, so that no action on it would fare better."""
    return isinstance(fault, RunnerUnavailable | OSError)


def wait_after(number: int) -> float:
    """Seconds to wait after the fault with that number, which counts from one."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1)))


def due_at(again_at: float, number: int, now: float) -> float:
    """When the fault with that number may be tried again, in seconds since the epoch.

    A wait longer than that fault ever had was set by a clock that has been put back since: it is over.
    """
    return again_at if again_at - now <= wait_after(number) else now


def give_up_after(number: int) -> bool:
    """Whether the fault with that number was one too many."""
    return number >= MOST_FAULTS


def code_of(fault: BaseException) -> str:
    """A code for a fault, of our own words: never what an exception says, which may quote a value [P1]."""
    return str(getattr(fault, "code", "")) or f"unexpected-{type(fault).__name__}"
