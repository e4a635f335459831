"""A folder on disk for one job's rows that do not fit into memory: a file system of its own in one file, gone after the job.

As root that file has a size, a number of entries and flags, so that what a program writes is bounded and can lead nowhere; its
bytes are taken from the disk only as they are written. It refuses a host that cannot make one: a plain folder has no bound, so
without the right to mount no box that asks for one is made. What is left of a job whose host died is removed with it.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from sandboxes import mounts
from sandboxes.model import BoxRefused, RunnerUnavailable
from sandboxes.profile import Disk

ENTRIES = 1024
_SECONDS = 60
_LOOPS = Path("/dev/loop-control")


@cache
def missing_walls() -> frozenset[str]:
    """The wall that this host cannot build, where it can make no file system in a file."""
    tools = all(shutil.which(name) for name in ("mkfs.ext4", "mount"))
    return frozenset() if os.geteuid() == 0 and tools and _LOOPS.exists() else frozenset({"disk-limit"})


def make(path: Path, wanted: Disk, owner: int) -> None:
    """Make `path` an empty folder of `owner`, mode 0700; a file system of its own if a size is wanted.

    Raises BoxRefused where nothing would bound it, and RunnerUnavailable where the host will not make it.
    """
    if missing_walls():
        raise BoxRefused(
            "NO_DISK_LIMIT",
            "This host cannot bound a folder on disk, so no box that asks for one is made.",
            fix="Ask for more memory in place of disk, or run as root on a host with loop devices and mkfs.ext4.",
        )
    path.mkdir(mode=0o700, exist_ok=True)
    if mounts.is_mounted(path) or any(path.iterdir()):
        raise FileExistsError(f"{path} is in use")
    if wanted.size:
        _format(_file(path), wanted.size, owner)
        _run("mount", "-t", "ext4", "-o", ",".join(("loop", *wanted.flags)), str(_file(path)), str(path))
        path.chmod(0o700)
    elif owner != os.geteuid():
        os.chown(path, owner, owner, follow_symlinks=False)


def differences(path: Path, wanted: Disk) -> tuple[str, ...]:
    """The names of the properties in which what is at `path` is not what `make` was asked for."""
    found = mounts.mounted(path)
    if not wanted.size:
        return () if found is None else ("Disk.mounted",)
    if found is None:
        return ("Disk.mounted",)
    wrong = [f"Disk.{flag}" for flag in {*wanted.flags} ^ {*found.flags}]
    return tuple(sorted(wrong + ["Disk.size"] * (found.size > wanted.size)))


def remove(path: Path) -> None:
    """Remove the folder of a job that has ended, with its file system if it has one. Absent is fine. Raises OSError."""
    mounts.remove(path)
    _file(path).unlink(missing_ok=True)


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.img")


def _format(file: Path, size: int, owner: int) -> None:
    """An empty file system with no journal: nobody reads it again after a crash."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as made:
        made.truncate(size)
    extended = f"lazy_itable_init=1,nodiscard,root_owner={owner}:{owner}"
    features = "^has_journal,^resize_inode"
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", features, "-N", str(ENTRIES), "-E", extended, str(file))


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise RunnerUnavailable(
            "NO_DISK_FOR_BOX",
            "This host could not make a file system for a job's rows that do not fit into memory.",
            fix="See that the disk of the runner's state folder has room, and that loop devices are there (`losetup -f`).",
        )
