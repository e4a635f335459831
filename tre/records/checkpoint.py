"""Checkpoints: "at this position the ledger's hash was this", signed, and kept away from the ledger [P13].

A hash chain alone cannot tell that its end was cut off, or that all of it was made anew; a checkpoint from before can.
It holds no data, so it can be given to anyone. Refuses a checkpoint that no trusted key signed, a file with a damaged
line, and to sign a head that lies behind, or contradicts, what was signed before.
"""

import fcntl
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tre.custody.encoding import canonical
from tre.custody.errors import require
from tre.custody.outputs import is_digest
from tre.records.durable import sync
from tre.records.envelope import GENESIS, spell_time
from tre.records.errors import CheckpointRefused
from tre.records.keys import PublicKey, SigningKey

PURPOSE = "ledger-checkpoint/1"
FILE = "checkpoints.jsonl"


@dataclass(frozen=True)
class Checkpoint:
    """What the ledger was, on the word of a key.

    Attributes:
        position: the last event's position; 0 for an empty ledger.
        hash: the last event's hash.
        at: when it was signed.
        key: the id of the key that signed.
        signature: over all of the above.
    """

    position: int
    hash: str
    at: datetime
    key: str
    signature: str

    def __post_init__(self) -> None:
        require(type(self.position) is int and self.position >= 0, "a checkpoint is of a position")
        require(is_digest(self.hash), "a checkpoint is of a hash")
        require(self.position > 0 or self.hash == GENESIS, "an empty ledger has the genesis hash")


def sign(position: int, head_hash: str, *, at: datetime, key: SigningKey) -> Checkpoint:
    """A signed checkpoint of that head."""
    message = _message(position, head_hash, at=spell_time(at), key=key.public.id)
    return Checkpoint(position, head_hash, at, key.public.id, key.sign(message, purpose=PURPOSE))


def parse(untrusted_line: str, trusted: Sequence[PublicKey]) -> Checkpoint:
    """The checkpoint in that line, if a trusted key signed it.

    Raises:
        CheckpointRefused: it is not a checkpoint, or none of the keys signed it.
    """
    fields = _fields(untrusted_line)
    message = _message(fields["position"], fields["hash"], at=fields["at"], key=fields["key"])
    signer = next((key for key in trusted if key.id == fields["key"]), None)
    if signer is None or not signer.verifies(fields["signature"], message, purpose=PURPOSE):
        raise CheckpointRefused(
            "checkpoint-not-signed",
            "A checkpoint carries no valid signature of a trusted key.",
            fix="Verify with the public key that was in use then; if it was, the file has been tampered with.",
        )
    try:
        return Checkpoint(**{**fields, "at": datetime.fromisoformat(fields["at"])})
    except ValueError as error:
        raise _damaged() from error


def spell(checkpoint: Checkpoint) -> str:
    """The checkpoint as one line of JSON, without its newline."""
    fields = {**checkpoint.__dict__, "at": spell_time(checkpoint.at)}
    return canonical(fields).decode()


class CheckpointLog:
    """A file of checkpoints, one a line, in a folder that is not the ledger's: another disk, host or institution."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def append(self, checkpoint: Checkpoint, trusted: Sequence[PublicKey]) -> None:
        """Add the checkpoint, durably.

        Raises:
            CheckpointRefused: it lies behind, or contradicts, one that is there; or one that is there is damaged.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self._path) as handle:
            _refuse_to_go_back(_parse_all(_cut_torn_end(handle), trusted), checkpoint)
            os.lseek(handle, 0, os.SEEK_END)
            os.write(handle, f"{spell(checkpoint)}\n".encode())
            os.fsync(handle)
        sync(self._path.parent)

    def read(self, trusted: Sequence[PublicKey]) -> tuple[Checkpoint, ...]:
        """Every checkpoint, oldest first, each one's signature verified; none where none was ever kept here.

        None proves nothing: a ledger verified against no checkpoint is `Verified` with ``witnessed`` 0.

        Raises:
            CheckpointRefused: one is damaged, not signed by a trusted key, or contradicts the one before it.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        return _parse_all(content[: content.rfind(b"\n") + 1], trusted)


def _fields(untrusted_line: str) -> dict[str, Any]:
    try:
        untrusted = json.loads(untrusted_line)
    except ValueError as error:
        raise _damaged() from error
    wanted = {"position": int, "hash": str, "at": str, "key": str, "signature": str}
    if not isinstance(untrusted, dict) or {name: type(value) for name, value in untrusted.items()} != wanted:
        raise _damaged()
    return untrusted


def _message(position: int, head_hash: str, *, at: str, key: str) -> bytes:
    return canonical({"position": position, "hash": head_hash, "at": at, "key": key})


def _parse_all(content: bytes, trusted: Sequence[PublicKey]) -> tuple[Checkpoint, ...]:
    try:
        lines = content.decode().splitlines()
    except ValueError as error:
        raise _damaged() from error
    checkpoints = tuple(parse(line, trusted) for line in lines)
    for earlier, later in itertools.pairwise(checkpoints):
        _refuse_to_go_back((earlier,), later)
    return checkpoints


def _refuse_to_go_back(earlier: Sequence[Checkpoint], new: Checkpoint) -> None:
    if not earlier or new.position > earlier[-1].position:
        return
    if (new.position, new.hash) == (earlier[-1].position, earlier[-1].hash):
        return
    raise CheckpointRefused(
        "checkpoint-goes-back",
        f"A checkpoint of position {new.position} contradicts one signed before it, of position {earlier[-1].position}.",
        fix="Verify the ledger against the earlier checkpoints: it was cut short, replaced or made anew.",
    )


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _cut_torn_end(handle: int) -> bytes:
    """The whole lines of the file. A line without an end is a crash of ours in mid-write: it was never relied on."""
    content = b""
    while block := os.read(handle, 1 << 20):
        content += block
    whole = content.rfind(b"\n") + 1
    os.ftruncate(handle, whole)
    return content[:whole]


def _damaged() -> CheckpointRefused:
    return CheckpointRefused(
        "checkpoint-damaged",
        "A line of the checkpoint file is not a checkpoint.",
        fix="Fetch the file again from where it is kept; if it is like that there, it has been tampered with.",
    )
