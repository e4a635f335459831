"""Whose process the kernel ended for want of memory, by the kernel's own log.

Where control groups are of version 1 and one ceiling is over all boxes, an engine is told of the ceiling's kill in every
box, the innocent ones too. The log names the victim's uid, and each box has its own. It refuses to acquit a box when
the log cannot be read or does not reach back to the box's start.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LOG = Path("/dev/kmsg")
UPTIME = Path("/proc/uptime")
_RECORD = re.compile(r"\d+,\d+,(?P<microseconds>\d+)[^;]*;(?P<text>.*)")
_VICTIM = re.compile(r"[Oo]ut of memory: Killed process \d+ .* UID:(?P<uid>\d+) ")
_LARGEST_RECORD = 8192
_SLACK_SECONDS = 1.0


def acquits(owner: int, started: float, now: float) -> bool:
    """Whether the log shows that no process of `owner` was ended for memory since `started`; both times are since 1970."""
    try:
        uptime = float(UPTIME.read_text(encoding="ascii").split()[0])
        told = tuple(records(LOG))
    except OSError:
        return False
    return not _victim(told, owner, started - (now - uptime) - _SLACK_SECONDS)


def _victim(told: Iterable[str], owner: int, since: float) -> bool:
    """Whether `owner` lost a process after `since`, in seconds since the kernel started; True where that is not known."""
    found = [match for match in map(_RECORD.match, told) if match]
    times = [int(match["microseconds"]) / 1e6 for match in found]
    if not times or times[0] > since:
        return True
    victims = (_VICTIM.search(match["text"]) for match, at in zip(found, times, strict=True) if at >= since)
    return any(victim is not None and int(victim["uid"]) == owner for victim in victims)


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
