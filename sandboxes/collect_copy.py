"""Copies one file out of a stopped box by its bytes, checking before and after that it is what it says.

It refuses whatever is not a plain file of the job's own: links of either kind, other owners, holes, and a file that
changes while it is read. A copy has mode 0600, a name we made, and is gone again when anything was wrong.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_CHUNK = 1 << 18
_BLOCK = 512
_PAGE = 4096


class Reason(StrEnum):
    """Why an entry was not kept: fixed sentences that carry nothing from the run."""

    LINK = "it is a link"
    SPECIAL = "it is not a plain file or folder"
    HARD_LINK = "the same file has another name (a hard link)"
    OWNER = "it does not belong to the job"
    SPARSE = "it has holes (a sparse file)"
    TOO_BIG = "it is larger than the outputs of a job may be; write less, or ask for more"
    TOTAL = "with it the outputs are larger together than a job's may be; write less, or ask for more"
    TOO_MANY = "there are more output files than a job may have; write fewer, or ask for more"
    TOO_DEEP = "its folders are nested too deep"
    ENTRIES = "the output folder has too many entries to look at"
    NAME = "its name may only have letters, digits, `.`, `_` and `-`, and begins with a letter or digit"
    COLLISION = "its name differs from another output's only in capitals"
    CHANGED = "it changed while it was being read"
    UNREADABLE = "it could not be opened as a plain file"
    MISSING = "it was declared as an output, but the program did not write it"


class Refused(Exception):
    """One entry will not be kept."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Copy:
    """What was copied: bytes counted and hashed on the way."""

    size: int
    sha256: str
    stored: Path


def copy(source: int, *, owner: int, most: int, into: Path) -> Copy:
    """Copies the open file `source` to the new file `into`. Raises Refused, and then `into` does not exist."""
    before = os.fstat(source)
    require_plain(before, owner=owner, most=most)
    target = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        digest = _pump(source, target, before.st_size)
        _require_same(os.fstat(source), before)
    except (Refused, OSError):
        into.unlink()
        raise
    finally:
        os.close(target)
    return Copy(before.st_size, digest, into)


def require_plain(found: os.stat_result, *, owner: int, most: int) -> None:
    """Raises Refused unless this is a regular, singly linked, whole file of the job's own and not too big."""
    if stat.S_ISLNK(found.st_mode):
        raise Refused(Reason.LINK)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(Reason.SPECIAL)
    if found.st_nlink != 1:
        raise Refused(Reason.HARD_LINK)
    if found.st_uid != owner:
        raise Refused(Reason.OWNER)
    if found.st_size > most:
        raise Refused(Reason.TOO_BIG)
    if found.st_blocks * _BLOCK + _PAGE < found.st_size:
        raise Refused(Reason.SPARSE)


def _pump(source: int, target: int, size: int) -> str:
    """Moves exactly `size` bytes and returns their sha256. Raises Refused if the file holds fewer or more."""
    digest, left, buffer = hashlib.sha256(), size, bytearray(_CHUNK)
    while count := os.readv(source, [buffer]):
        left -= count
        if left < 0:
            break
        chunk = memoryview(buffer)[:count]
        digest.update(chunk)
        _write_all(target, chunk)
    if left != 0:
        raise Refused(Reason.CHANGED)
    return digest.hexdigest()


def _write_all(target: int, chunk: memoryview) -> None:
    while chunk:
        chunk = chunk[os.write(target, chunk) :]


def _require_same(after: os.stat_result, before: os.stat_result) -> None:
    if _identity(after) != _identity(before):
        raise Refused(Reason.CHANGED)


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_nlink, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
