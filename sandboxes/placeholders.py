"""Inputs that appear inside the output folder, as an OpenSAFELY-style script expects its earlier outputs to.

Something must be there for the host to cover with the input: an empty file or folder, made before the box starts and
taken away after it has stopped, so that it is not collected as an output. On the way back nothing is followed and only
what is still empty is removed. It refuses nothing; an entry that is no longer ours is left for the collector to judge.
"""

import os
import posixpath
from pathlib import Path

from sandboxes.model import Box


def inside(box: Box) -> tuple[tuple[Path, str], ...]:
    """Each input that lies beneath the output folder: its source, and its path relative to that folder."""
    prefix = box.output_target + "/"
    return tuple(
        (item.source, item.target.removeprefix(prefix))
        for item in box.inputs
        if item.target.startswith(prefix)
    )


def place_inputs(output: Path, box: Box, owner: int) -> None:
    """Make a place for each such input in the new, empty output folder, which no program has seen yet."""
    for source, relative in inside(box):
        place = output / relative
        _own_folders(output, place if source.is_dir() else place.parent, owner)
        if not source.is_dir():
            place.touch(mode=0o600, exist_ok=False)
            os.chown(place, owner, owner, follow_symlinks=False)


def _own_folders(output: Path, folder: Path, owner: int) -> None:
    for step in reversed([folder, *folder.parents]):
        if step.is_relative_to(output) and not step.exists():
            step.mkdir(mode=0o700)
            os.chown(step, owner, owner, follow_symlinks=False)


def take_away(output: Path, box: Box) -> None:
    """Remove the places made for inputs from the output folder of a box that has stopped, while it can be written."""
    for _source, relative in inside(box):
        _remove_if_empty(output, relative)


def _remove_if_empty(output: Path, relative: str) -> None:
    folders, name = posixpath.split(relative)
    opened = [os.open(output, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)]
    try:
        for part in folders.split("/") if folders else ():
            opened.append(os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened[-1]))
        if os.stat(name, dir_fd=opened[-1], follow_symlinks=False).st_size == 0:
            os.unlink(name, dir_fd=opened[-1])
    except OSError:
        # The program moved or replaced it: whatever is there now is judged as any other output.
        return
    finally:
        for one in opened:
            os.close(one)
