"""What tests leave where they are killed: file systems that are still mounted, in folders whose owners are dead.

Refuses to touch a folder whose owner may live.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.daemons import alive

NIGHT = "tre-night-"
"""What the folder of a bad night is called, before the process that has it and more."""


def mounts_beneath(folder: Path) -> list[Path]:
    """Where file systems begin at a folder or beneath it, the deepest first."""
    rows = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = (Path(row.split(" ")[4].replace(r"\040", " ")) for row in rows)
    return sorted((each for each in points if each.is_relative_to(folder)), key=_depth, reverse=True)


def _depth(path: Path) -> int:
    return len(path.parts)


def take_down(folder: Path) -> None:
    """Unmount whatever is mounted at a folder or beneath it."""
    for point in mounts_beneath(folder):
        subprocess.run(("umount", "-l", str(point)), check=False, capture_output=True)


def take_down_dead_sessions(temporary: Path) -> None:
    """Unmount what test sessions that are over have left: pytest clears their folders away some runs later, and could not."""
    for session in sorted(temporary.glob("pytest-of-*/*")):
        if session.is_dir() and not _is_live(session):
            take_down(session)


def _is_live(session: Path) -> bool:
    """Whether the process that pytest's lock names lives. What pytest is throwing away is nobody's."""
    if session.name.startswith("garbage-"):
        return False
    try:
        return alive(int((session / ".lock").read_text(encoding="ascii")))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def dead_nights(temporary: Path) -> Iterator[Path]:
    """The folders of bad nights that were killed before they could tidy up."""
    for folder in sorted(temporary.glob(f"{NIGHT}*-*")):
        owner = folder.name.removeprefix(NIGHT).partition("-")[0]
        if owner.isdecimal() and not alive(int(owner)):
            yield folder


def clear_dead_nights(temporary: Path | None = None) -> None:
    """Take down what killed nights have left, and remove their folders."""
    for folder in dead_nights(temporary or Path(tempfile.gettempdir())):
        take_down(folder)
        shutil.rmtree(folder, ignore_errors=True)


def night_folder() -> str:
    """What a folder of this process's night begins with."""
    return f"{NIGHT}{os.getpid()}-"
