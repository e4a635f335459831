"""Nothing stays mounted of work that nobody takes up again, however its process ends: a process of its own waits for that end.

A job's outputs are there for the next start of a worker to find. A rehearsal is played by one process and is over with it,
even where that is killed. Refuses to touch what is mounted anywhere but beneath the folder that it was given.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandboxes import mounts


@contextmanager
def cleared_after(folder: Path) -> Iterator[None]:
    """While this lasts, the end of this process is the end of whatever is mounted beneath a folder."""
    command = [sys.executable, "-m", "sandboxes.leftovers", str(folder.resolve())]
    # In a session of its own: what is sent to everybody at a terminal is not for it.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as waiting:  # noqa: S603 - our own module
        yield
        waiting.kill()


def main() -> int:
    """Wait until whoever started this is gone, or has left by an error; then clear."""
    sys.stdin.read()
    mounts.clear_beneath(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
