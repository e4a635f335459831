"""Files and names that outlive a loss of power. Refuses nothing: what the file system cannot do is an OSError."""

import os
from pathlib import Path

DRAFT = ".incoming-"
"""What the name of a file begins with that is not whole yet."""


def sync(path: Path) -> None:
    """Put on the disk what a file holds, or which names a folder has."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, in the place of what was there, on the disk before its name is."""
    draft = path.with_name(f"{DRAFT}{path.name}")
    draft.write_bytes(content)
    sync(draft)
    draft.replace(path)
    sync(path.parent)
