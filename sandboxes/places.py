"""Where one box may write, as the host has it: outputs in memory and, where it asks for one, a folder on disk.

Both are made before the box and gone with it. It refuses nothing of its own: what `mounts` and `disk` refuse is passed on.
"""

import platform
from collections.abc import Mapping

from sandboxes import disk, mounts
from sandboxes.home import Home, Record
from sandboxes.model import Box
from sandboxes.placeholders import place_inputs
from sandboxes.profile import Place, Settings


def of(home: Home, record: Record, labels: Mapping[str, str] | None = None, parent: str = "") -> Place:
    """Where a box is put; `labels` and `parent`, its control group, are the engine's."""
    job = record.box.job
    output, machine = home.output(job), platform.machine()
    return Place(record.owner, output, home.empty, machine, labels or {}, home.scratch(job), parent)


def lay(home: Home, box: Box) -> None:
    """Make the bare folders, new, for an engine that looks whether they are there before their owner is known."""
    home.folder(box.job).mkdir(mode=0o700)
    home.output(box.job).mkdir(mode=0o700)
    if box.limits.disk_bytes:
        home.scratch(box.job).mkdir(mode=0o700)


def make(home: Home, record: Record, made: Settings) -> None:
    """Make them, for a job that has a folder. Raises OSError and RunnerUnavailable."""
    job = record.box.job
    mounts.make(home.output(job), made.output, record.owner)
    place_inputs(home.output(job), record.box, record.owner)
    if made.disk is not None:
        disk.make(home.scratch(job), made.disk, record.owner)


def differences(home: Home, job: str, made: Settings) -> tuple[str, ...]:
    """The names of the properties in which they are not what was asked for."""
    found = mounts.differences(home.output(job), made.output)
    return found if made.disk is None else found + disk.differences(home.scratch(job), made.disk)
