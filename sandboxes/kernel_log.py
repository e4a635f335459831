"""Whose process the kernel ended for want of memory, by the kernel's own log.

Where control groups are of version 1 and one ceiling is over all boxes, an engine is told of the ceiling's kill in every
box, the innocent ones too. The log names the victim's uid, and each box has its own. It refuses to acquit a box when
the log cannot be read or does not reach back to the box's start.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

LOG = Path("/dev/kmsg")
UPTIME = Path("/proc/uptime")
_RECORD = re.compile(r"\d+,\d+,(?P<microseconds>\d+)[^;]*;(?P<text>.*)")
_VICTIM = re.compile(r"[Oo]ut of memory: Killed process \d+ .* UID:(?P<uid>\d+) ")
_LARGEST_RECORD = 8192
_SLACK_SECONDS = 1.0

Verdict = Callable[[Sequence[str], int, float], bool]


def acquits(owner: int, started: float, now: float) -> bool:
    """Whether the log shows that no process of `owner` was ended for memory since `started`; both times are since 1970."""
    return _told(_spares, owner, started, now)


def convicts(owner: int, started: float, now: float) -> bool:
    """Whether the log shows that a process of `owner` was ended for memory since `started`; both times are since 1970."""
    return _told(_names, owner, started, now)


def _told(verdict: Verdict, owner: int, started: float, now: float) -> bool:
    """What the log says of a box; False where it cannot be read."""
    try:
        uptime = float(UPTIME.read_text(encoding="ascii").split()[0])
        told = tuple(records(LOG))
    except OSError:
        return False
    return verdict(told, owner, started - (now - uptime) - _SLACK_SECONDS)


def _spares(told: Sequence[str], owner: int, since: float) -> bool:
    """Whether `owner` lost no process after `since`, in seconds since the kernel started; False where that is not known."""
    found = tuple(_stamped(told))
    return bool(found) and found[0][0] <= since and not _names(told, owner, since)


def _names(told: Sequence[str], owner: int, since: float) -> bool:
    """Whether `owner` is said to have lost a process after `since`, in seconds since the kernel started."""
    victims = (_VICTIM.search(text) for at, text in _stamped(told) if at >= since)
    return any(victim is not None and int(victim["uid"]) == owner for victim in victims)


def _stamped(told: Iterable[str]) -> Iterator[tuple[float, str]]:
    """Each record's text with its time, in seconds since the kernel started."""
    found = (match for match in map(_RECORD.match, told) if match)
    return ((int(match["microseconds"]) / 1e6, match["text"]) for match in found)


def records(path: Path) -> Iterator[str]:
    """Every record that the kernel still holds, the oldest first. Raises OSError."""
    log = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while record := _next(log):
            yield record
    finally:
        os.close(log)


def _next(log: int) -> str:
    while True:
        try:
            return os.read(log, _LARGEST_RECORD).decode("utf-8", "replace")
        except BlockingIOError:
            return ""
        except BrokenPipeError:
            # Records were overwritten while we read: the next one is still there.
            continue
