"""What the maintainers have closed: pauses and drains from the daybook, maintenance windows from the site's own file.

A window opens and closes by itself, every week; a pause lasts until somebody resumes. Refuses a window that has no reason:
the people who wait are told it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from tre.dispatch.schedule import Gate, Reason
from tre.records.daybook import Daybook, Entry

PAUSED, DRAINED, DATA_PAUSED, RESUMED = "paused", "drained", "data-paused", "resumed"
CLOSINGS = (PAUSED, DRAINED, DATA_PAUSED, RESUMED)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Window:
    """A time of the week, in UTC, in which data actions wait."""

    days: tuple[str, ...]
    starts: time
    ends: time
    why: str

    def __post_init__(self) -> None:
        if not self.why or not self.days or not set(self.days) <= set(DAYS) or self.starts == self.ends:
            raise ValueError("a maintenance window has days (mon to sun), two different times, and a reason")

    def is_open(self, now: datetime) -> bool:
        """Whether this moment lies in it; a window may reach past midnight."""
        now = now.astimezone(UTC)
        today, yesterday = DAYS[now.weekday()], DAYS[(now - timedelta(days=1)).weekday()]
        at = now.time()
        if self.starts < self.ends:
            return today in self.days and self.starts <= at < self.ends
        return (today in self.days and at >= self.starts) or (yesterday in self.days and at < self.ends)


def windows_of(untrusted: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """The windows in a site's file. Raises ValueError, KeyError or TypeError for what is not one."""
    return tuple(
        Window(
            days=tuple(str(day) for day in each["days"]),
            starts=time.fromisoformat(each["from"]),
            ends=time.fromisoformat(each["until"]),
            why=str(each["why"]),
        )
        for each in untrusted
    )


def gate(now: datetime, daybook: Daybook, windows: Sequence[Window]) -> Gate:
    """What is closed now."""
    last = daybook.last(*CLOSINGS)
    kind = last.kind if last else RESUMED
    everything = _paused(last) if last and kind in {PAUSED, DRAINED} else None
    if last and kind == DATA_PAUSED:
        return Gate(everything, _paused(last))
    open_now = next((window for window in windows if window.is_open(now)), None)
    return Gate(everything, _in_window(open_now) if open_now else None)


def _paused(entry: Entry) -> Reason:
    why = str(entry.facts.get("why", "")).rstrip(". ") or "no reason was written down"
    return Reason(
        entry.kind,
        f"A maintainer has paused this: {why}.",
        "It goes on when a maintainer resumes: `tre worker resume`.",
    )


def _in_window(window: Window) -> Reason:
    return Reason(
        "maintenance-window",
        f"Data actions wait for a maintenance window: {window.why}.",
        f"They start by themselves at {window.ends:%H:%M} UTC.",
    )
