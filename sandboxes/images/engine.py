"""Puts the images into the container engine of this host, by its own command line.

It refuses to pull, and refuses an engine that gives an image another name than its content's: a job is pinned to that
name, and an engine that renames images cannot be checked against it.
"""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sandboxes.images import commands
from sandboxes.images.errors import ImageError

LABEL = "tre.image"
_START = "Start the container engine (`docker info` must answer), then run this again."


def answers() -> bool:
    """Whether a docker command is here and its engine answers."""
    tool = shutil.which("docker")
    if tool is None:
        return False
    argv = [tool, "info", "--format", "{{.ServerVersion}}"]
    done = subprocess.run(argv, capture_output=True, check=False)  # noqa: S603 - a fixed command
    return done.returncode == 0


def absent(content_ids: Iterable[str]) -> tuple[str, ...]:
    """Those content ids that the engine does not have."""
    argv = ("docker", "image", "ls", "--all", "--no-trunc", "--format", "{{.ID}}")
    have = set(commands.run(argv, fix=_START).split())
    return tuple(one for one in content_ids if one not in have)


def load(archive: Path, content_ids: tuple[str, ...]) -> None:
    """Loads an archive and proves that the engine now has exactly these ids. Raises ImageError."""
    commands.run(("docker", "load", "--quiet", "--input", str(archive)), fix=_START)
    if absent(content_ids):
        raise ImageError(
            "renamed-by-engine",
            "The engine loaded the images under names that are not their content's.",
            "Use an engine with the classic image store (the containerd image store names images differently).",
        )


def retire(content_ids: frozenset[str]) -> tuple[str, ...]:
    """Removes images of earlier builds that no container uses; those of another cache of this host are not ours.

    Returns the content ids that are gone, or were before. One that is in use stays.
    """
    gone = set(absent(content_ids))
    return tuple(one for one in sorted(content_ids) if one in gone or _removed(one))


def _removed(content_id: str) -> bool:
    try:
        commands.run(("docker", "image", "rm", content_id), fix=_START)
    except ImageError:
        return False
    return True
