"""Starts a daemon in the background with a note of it, and ends it by that note. Refuses to end a process it did not start."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.steps import environment

STOP_SECONDS = 20.0


def launch(command: Sequence[str], *, note: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a daemon in a session of its own, and note its process id and when that process began."""
    for file in (note, log):
        file.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        daemon = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment(),
            start_new_session=True,
        )
    note.write_text(f"{daemon.pid} {began(daemon.pid)}\n", encoding="ascii")
    return daemon


def end(note: Path, by: signal.Signals = signal.SIGTERM) -> int | None:
    """End the daemon that a note names, and no other; wait for it, and forget the note.

    Returns:
        The process id, where there was one to end.
    """
    pid = noted(note)
    note.unlink(missing_ok=True)
    if pid is None:
        return None
    os.kill(pid, by)
    until = time.monotonic() + STOP_SECONDS
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.1)
    return pid


def noted(note: Path) -> int | None:
    """The process id we noted, if the very same process still lives: ids are used again, starting times are not."""
    try:
        pid, moment = note.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return int(pid) if began(int(pid)) == moment else None


def alive(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    return status_of(pid)[:1] not in ([], ["Z"])


def began(pid: int) -> str:
    """The moment a process began, in clock ticks since the machine did; empty when there is no such process."""
    fields = status_of(pid)
    return fields[19] if len(fields) > 19 else ""  # noqa: PLR2004 - field 22 of proc(5), after pid and name


def status_of(pid: int) -> list[str]:
    """What the kernel says of a process, from its state onwards; the name before may hold anything and is cut off."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return []
