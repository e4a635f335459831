"""What is looked at on the host before a box is made of it, by every runner alike.

It refuses an input that is not there or is a link, and a second box under the name of a first. It reads no input.
"""

import stat
from collections.abc import Mapping
from pathlib import Path

from sandboxes.images import Image, ImageError, installed
from sandboxes.model import Box, BoxRefused, RunnerUnavailable


def require_inputs(box: Box) -> None:
    """Each input is a plain file or folder that is there now. Raises BoxRefused."""
    for item in box.inputs:
        try:
            mode = item.source.lstat().st_mode
        except OSError:
            mode = 0
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise BoxRefused(
                "INPUT_ABSENT",
                f"The input for {item.target} is not a plain file or folder of this host.",
                fix="Give the path of a file or folder that exists, and not of a link to one.",
            )


def require_same(here: Box, asked: Box) -> None:
    """The box that is here is the box that is asked for. Raises BoxRefused."""
    if here != asked:
        raise BoxRefused(
            "JOB_TAKEN",
            f"There is another box of job {asked.job} here.",
            fix="Use a new job name for a new box, or discard the old one.",
        )


def unpacked_images(cache: Path | None) -> Mapping[str, Image]:
    """The images that were built on this host, by name. Raises RunnerUnavailable where their list is damaged."""
    try:
        return installed(cache)
    except ImageError as damaged:
        raise RunnerUnavailable(damaged.code, damaged.sentence, fix=damaged.fix) from damaged
