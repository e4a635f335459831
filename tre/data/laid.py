"""A folder for a box, written whole or not at all.

A worker may be killed in the midst of it, and the next one goes on with what it finds. Refuses to write over a folder.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write a new folder; its files are readable by the box and by nobody who cannot reach it."""
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o755, parents=True)
    for name, content in files.items():
        path = draft / name
        path.parent.mkdir(mode=0o755, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)
    return draft.rename(folder)
