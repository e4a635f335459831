"""The folder in which a runner keeps what it must know after it has been killed: one folder for each box.

A record is written last and in one step, so a box that has one is whole; a folder without one is a preparation that
was cut short. The folder is for its owner's eyes alone. It refuses to hold two different boxes of one job, and a record
it can not read is treated as no record: the engine, not this folder, says what is running.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandboxes import disk, mounts
from sandboxes.model import JOB_NAME, Box, BoxRefused, Input, Limits

_RECORD = "box.json"
_HALTED = "halted"
_OUTPUT, _SCRATCH = "out", "scratch"


@dataclass(frozen=True)
class Record:
    """A box that was prepared here."""

    box: Box
    owner: int
    """The uid its program runs as."""
    prepared: float
    """When, in seconds since 1970."""

    @property
    def overdue_at(self) -> float:
        """When a box that was started at once would have used its time."""
        return self.prepared + self.box.limits.wall_seconds


class Home:
    """One `state_dir`."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path.resolve()
        self.boxes = self.path / "boxes"
        self.boxes.mkdir(mode=0o700, exist_ok=True)
        self.locks = self.path / "locks"
        self.locks.mkdir(mode=0o700, exist_ok=True)
        self.empty = self.path / "empty"
        self.empty.touch(mode=0o444)

    @property
    def label(self) -> str:
        """A short name of this folder, by which an engine can tell its boxes from another's."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]

    def folder(self, job: str) -> Path:
        """The folder of one job. Raises BoxRefused for a name that is not a job's."""
        if not JOB_NAME.fullmatch(job):
            raise BoxRefused(
                "JOB_NAME", "That is not the name of a job in a sandbox.", fix="Use an opaque id."
            )
        return self.boxes / job

    def output(self, job: str) -> Path:
        """Where the host sees the job's output folder."""
        return self.folder(job) / _OUTPUT

    def scratch(self, job: str) -> Path:
        """Where the host sees the job's folder on disk, if it has one."""
        return self.folder(job) / _SCRATCH

    def jobs(self) -> tuple[str, ...]:
        """Every job that has a folder here, whole or not."""
        return tuple(sorted(path.name for path in self.boxes.iterdir() if JOB_NAME.fullmatch(path.name)))

    @contextmanager
    def locked(self, job: str) -> Iterator[None]:
        """Hold one job against other threads and processes while what exists of it is looked at and changed."""
        # A few locks shared by all names: a lock of each job's own could never be removed safely.
        stripe = hashlib.sha256(job.encode()).hexdigest()[:2]
        with (self.locks / stripe).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def save(self, record: Record) -> None:
        """Write the record: from here on the box is whole."""
        write_json(self.folder(record.box.job) / _RECORD, _plain(record))

    def load(self, job: str) -> Record | None:
        """The record of a job, or None when there is none or it is not whole."""
        try:
            return _record(json.loads((self.folder(job) / _RECORD).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, KeyError, TypeError, BoxRefused):
            return None

    def mark_halted(self, job: str) -> None:
        """Remember that the end of this box was asked for."""
        write_json(self.folder(job) / _HALTED, {})

    def was_halted(self, job: str) -> bool:
        """Whether the end of this box was asked for."""
        return (self.folder(job) / _HALTED).exists()

    def forget(self, job: str) -> None:
        """Remove all that is kept of a job. Absent is fine."""
        folder = self.folder(job)
        mounts.remove(self.output(job))
        disk.remove(self.scratch(job))
        if folder.is_dir():
            (folder / _RECORD).unlink(missing_ok=True)
            mounts.remove(folder)


def write_json(path: Path, value: Any) -> None:
    """Replace a file in one step, on the disk before its name is."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as out:
        json.dump(value, out, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def box_digest(box: Box) -> str:
    """A digest that two boxes share exactly when they are equal."""
    return hashlib.sha256(json.dumps(_plain_box(box), sort_keys=True).encode()).hexdigest()


def _plain(record: Record) -> dict[str, Any]:
    return {"box": _plain_box(record.box), "owner": record.owner, "prepared": record.prepared}


def _plain_box(box: Box) -> dict[str, Any]:
    return {
        "job": box.job,
        "image": box.image,
        "argv": list(box.argv),
        "inputs": [[str(item.source), item.target] for item in box.inputs],
        "environment": dict(box.environment),
        "limits": asdict(box.limits),
        "unix_sockets": box.unix_sockets,
        "output_target": box.output_target,
    }


def _record(plain: dict[str, Any]) -> Record:
    fields = dict(plain["box"])
    fields["argv"] = tuple(fields["argv"])
    fields["inputs"] = tuple(Input(Path(source), target) for source, target in fields["inputs"])
    fields["limits"] = Limits(**fields["limits"])
    return Record(Box(**fields), int(plain["owner"]), float(plain["prepared"]))
