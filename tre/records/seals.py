"""The site's own word: checkpoints over the ledger, signatures over release statements, and proving both [P13].

Refuses to sign a ledger that does not verify, and to vouch for a release whose files are not the ones it names.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tre.records.bundle import ENVELOPE, PUBLIC_KEY, read_bundle
from tre.records.checkpoint import Checkpoint, CheckpointLog, sign
from tre.records.dsse import envelope, open_envelope, pre_authentication
from tre.records.errors import VaultRefused
from tre.records.keys import PublicKey, SigningKey
from tre.records.ledger import Ledger
from tre.records.verify import Verified


@dataclass(frozen=True)
class Seals:
    """What the site signs with and trusts."""

    ledger: Ledger
    log: CheckpointLog
    key: SigningKey
    trusted: tuple[PublicKey, ...]

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that a trusted key signed."""
        checkpoints = self.log.read(self.trusted)
        return checkpoints[-1] if checkpoints else None

    def verify(self) -> Verified:
        """The whole chain, held against every checkpoint. Raises LedgerBroken with the position."""
        checkpoints = self.log.read(self.trusted)
        newest = checkpoints[-1] if checkpoints else None
        return self.ledger.verify(newest, earlier=checkpoints[:-1])

    def checkpoint(self, now: datetime) -> Checkpoint:
        """Verify, sign the head, and keep the checkpoint elsewhere."""
        verified = self.verify()
        signed = sign(verified.position, verified.hash, at=now, key=self.key)
        self.log.append(signed, self.trusted)
        return signed

    def sign_statement(self, content: bytes) -> str:
        """The site's signature over a release statement, as its envelope carries it."""
        return self.key.sign_encoded(pre_authentication(content))

    def signed_statement(self, content: bytes, signature: str) -> bool:
        """Whether a trusted key of the site signed that statement."""
        return any(key.signed(signature, pre_authentication(content)) for key in self.trusted)

    def beside(self, content: bytes, signature: str) -> tuple[tuple[str, bytes], ...]:
        """What lies beside a release: the key that signed, for convenience and no proof of itself, and the envelope."""
        sealed = envelope(content, signature, self.key.public.id)
        return ((PUBLIC_KEY, self.key.public.pem), (ENVELOPE, sealed))

    def verify_release(self, place: Path) -> dict[str, Any]:
        """Check a release's folder, or its bundle, against this site's keys; see `verify_release`."""
        return verify_release(place, self.trusted)


def verify_release(place: Path, trusted: Sequence[PublicKey]) -> dict[str, Any]:
    """Check a release, in a folder or a ZIP: the envelope's signature, then every file by digest. Needs no site and no network.

    Raises:
        VaultRefused: something is missing, altered, or not signed by a trusted key.
    """
    statement = opened_release(place, trusted)
    request = statement["predicate"].get("request", "")
    return {"verified": True, "files": len(statement["subject"]), "request": request}


def opened_release(place: Path, trusted: Sequence[PublicKey]) -> dict[str, Any]:
    """A release's statement, once its signature and every file's digest were found to fit.

    Raises:
        VaultRefused: something is missing, altered, or not signed by a trusted key.
    """
    files = _files_of(place)
    payload = open_envelope(_file(files, ENVELOPE), trusted)
    if payload is None:
        raise _not_ours("The statement is not signed by a key that you trust.")
    statement: dict[str, Any] = json.loads(payload)
    for subject in statement["subject"]:
        if hashlib.sha256(_file(files, subject["name"])).hexdigest() != subject["digest"]["sha256"]:
            raise _not_ours("A file is not the one that the statement names.")
    return statement


Read = Callable[[str], bytes]


def _files_of(place: Path) -> Read:
    if place.is_dir():
        return lambda name: (place / name).read_bytes()
    return lambda name: read_bundle(place.read_bytes())[name]


def _file(files: Read, name: str) -> bytes:
    try:
        return files(name)
    except (OSError, KeyError, ValueError) as error:
        raise _not_ours("A file of the release is missing.") from error


def _not_ours(sentence: str) -> VaultRefused:
    return VaultRefused(
        "release-not-genuine", sentence, fix="Fetch the release again from where it was pushed to."
    )
