"""One worker a ledger on a machine: two would run the same action twice.

A file lock that the system lets go of when its holder ends, however it ends: nothing stale is ever left behind. Refuses
a second holder, and says who the first one is. The file itself stays; only the lock on it means anything.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tre.records.errors import WorkerAlreadyRunning

_MOST_BYTES = 20


@contextmanager
def only_worker(path: Path) -> Iterator[None]:
    """Hold the lock on ``path`` until the block ends.

    Raises:
        WorkerAlreadyRunning: another process holds it.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _take(handle)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        untrusted_pid = os.pread(handle, _MOST_BYTES, 0)
        pid = untrusted_pid.decode() if untrusted_pid.isdigit() else "unknown"
        raise WorkerAlreadyRunning(
            "worker-already-running",
            f"A worker already runs on this ledger on this machine (process {pid}).",
            fix="Let it work; to replace it, stop that process first and start again. Its work is not lost.",
        ) from error
