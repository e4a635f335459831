"""From a stopped box to its receipt: outputs by the collector, the log by the byte, and the same answer when asked twice.

Nothing is collected from a program that did not end well, and nothing is kept when any declared output is missing or
refused. A half-finished collection is begun again from nothing; a finished one is remembered beside the box, and is not
believed where a file of it is no longer what was collected: a host that lost its power may have kept the one and not the other.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandboxes import mounts
from sandboxes.collect import collect
from sandboxes.home import Home, Record, write_json
from sandboxes.model import Collected, Observation, Receipt, Status
from sandboxes.placeholders import take_away

FILES = "files"
LOG = "log"


@dataclass(frozen=True)
class Log:
    """A program's standard output and error as pieces, and whether the engine may have lost some of it."""

    pieces: Iterable[bytes]
    lost: bool = False


def settle(
    home: Home, record: Record, seen: Observation, *, patterns: tuple[str, ...], into: Path, log: Log
) -> Receipt:
    """Collect from a box that has stopped, and remember the receipt. Raises what the collector raises, and OSError."""
    _fresh(into)
    truncated = write_capped(into / LOG, log.pieces, record.box.limits.log_bytes)
    receipt = _receipt(record, seen, into / LOG, truncated=truncated or log.lost)
    output = home.output(record.box.job)
    take_away(output, record.box)
    mounts.seal(output)
    if receipt.status is Status.OK:
        receipt = _with_outputs(receipt, output, patterns, record)
    write_json(_remembered(home, record.box.job), _plain(receipt, patterns))
    return receipt


def recall(home: Home, job: str, patterns: tuple[str, ...], into: Path) -> Receipt | None:
    """The receipt that was given before for the same patterns and folder, if all that it names is still there, and whole."""
    try:
        plain = json.loads(_remembered(home, job).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    receipt = _read(plain["receipt"])
    same = tuple(plain["patterns"]) == patterns and receipt.log == into / LOG
    files = [(receipt.log, plain.get("log")), *((item.stored, item.sha256) for item in receipt.collected)]
    return receipt if same and all(_is(path, digest) for path, digest in files) else None


def _is(path: Path, digest: str | None) -> bool:
    """Whether a plain file is there with that SHA-256."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def write_capped(path: Path, pieces: Iterable[bytes], most: int) -> bool:
    """Write pieces to a new file of mode 0600 until `most` bytes are there; tells whether something was left out."""
    left = most
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
        for piece in pieces:
            out.write(piece[:left])
            if len(piece) > left:
                return True
            left -= len(piece)
    return False


def _fresh(into: Path) -> None:
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    (into / LOG).unlink(missing_ok=True)
    mounts.remove(into / FILES)


def _receipt(record: Record, seen: Observation, log: Path, *, truncated: bool) -> Receipt:
    started, finished = seen.started or 0.0, seen.finished or 0.0
    return Receipt(
        job=record.box.job,
        status=seen.status or Status.FAILED,
        exit_code=seen.exit_code,
        wall_seconds=max(0.0, finished - started),
        collected=(),
        undeclared=(),
        refused=(),
        log=log,
        log_truncated=truncated,
        image=record.box.image,
    )


def _with_outputs(receipt: Receipt, output: Path, patterns: tuple[str, ...], record: Record) -> Receipt:
    into = receipt.log.with_name(FILES)
    found = collect(output, patterns=patterns, into=into, owner=record.owner, limits=record.box.limits)
    if not found.refused:
        return replace(receipt, collected=found.collected, undeclared=found.undeclared)
    mounts.remove(into)
    return replace(receipt, status=Status.OUTPUT_REFUSED, undeclared=found.undeclared, refused=found.refused)


def _remembered(home: Home, job: str) -> Path:
    return home.folder(job) / "receipt.json"


def _plain(receipt: Receipt, patterns: tuple[str, ...]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(receipt, name) for name in receipt.__dataclass_fields__}
    fields["log"] = str(receipt.log)
    fields["collected"] = [
        [item.path, item.size, item.sha256, str(item.stored)] for item in receipt.collected
    ]
    with receipt.log.open("rb") as file:
        log = hashlib.file_digest(file, "sha256").hexdigest()
    return {"patterns": list(patterns), "receipt": fields, "log": log}


def _read(plain: dict[str, Any]) -> Receipt:
    collected = tuple(
        Collected(path, size, digest, Path(stored)) for path, size, digest, stored in plain["collected"]
    )
    fields: dict[str, Any] = {
        **plain,
        "status": Status(plain["status"]),
        "collected": collected,
        "undeclared": tuple(plain["undeclared"]),
        "refused": tuple(plain["refused"]),
        "log": Path(plain["log"]),
    }
    return Receipt(**fields)
