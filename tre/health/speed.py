"""How long health jobs take, against the last 30: medians, which one bad night does not move. Pure, but for reading the daybook.

Refuses to be exact about seconds: a machine is slow at random, and only what stands out from its own history is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tre.custody.events import Checked, Landed, Started, Submitted
from tre.health.found import Found
from tre.records.daybook import Daybook
from tre.records.envelope import Envelope
from tre.records.looks import RAN

RUNS = 30
LEAST_RUNS = 4
NORMAL = 1.4826
"""What a median of distances is multiplied by to compare with a standard deviation."""
FAR = 5.0
LEAST = 0.5
"""Less than half as much again stands out from nothing."""
FIX = "See what else runs on the host, and its disk; then run it again."


@dataclass(frozen=True)
class Pace:
    """One walk: seconds from the first submission to the last check, and actions a minute between the first and the last."""

    seconds: float
    per_minute: float


def pace_of(history: Sequence[Envelope]) -> Pace | None:
    """How fast the requests with these events went; nothing where one was not checked."""
    at = {
        kind: [e.at for e in history if isinstance(e.event, kind)]
        for kind in (Submitted, Started, Landed, Checked)
    }
    if not all(at.values()):
        return None
    ran = max((max(at[Landed]) - min(at[Started])).total_seconds(), 0.001)
    whole = (max(at[Checked]) - min(at[Submitted])).total_seconds()
    return Pace(round(whole, 3), round(60 * len(at[Landed]) / ran, 2))


def judge(daybook: Daybook, pace: Pace | None) -> tuple[Found, ...]:
    """A walk takes about as long, and does about as much a minute, as the 30 before it."""
    if pace is None:
        said = "it did not come to its end"
        return (Found("round-trip", False, said, FIX), Found("throughput", False, said, FIX))
    before = [entry.facts for entry in daybook.entries(RAN) if "per_minute" in entry.facts][-RUNS:]
    seconds = [float(facts["seconds"]) for facts in before]
    each = [60 / float(facts["per_minute"]) for facts in before]
    usual = f"{60 / median(each):.0f}" if each else ""
    trip = (f"{pace.seconds:.1f} s", f"{median(seconds):.1f} s" if seconds else "")
    rate = (f"{pace.per_minute:.0f} actions a minute", usual)
    return (
        _said("round-trip", trip, slow=stands_out(pace.seconds, seconds)),
        _said("throughput", rate, slow=stands_out(60 / pace.per_minute, each)),
    )


def stands_out(value: float, before: Sequence[float]) -> bool | None:
    """Whether a time is far above those before it, by their median and their median distance from it; nothing for too few."""
    if len(before) < LEAST_RUNS:
        return None
    middle = median(before)
    spread = NORMAL * median(abs(each - middle) for each in before)
    return value > middle + max(FAR * spread, LEAST * middle)


def _said(check: str, told: tuple[str, str], *, slow: bool | None) -> Found:
    now, usual = told
    if slow is None:
        return Found(check, True, f"{now}; too few runs to compare with", FIX)
    return Found(check, not slow, f"{now}, usually {usual}", FIX)
