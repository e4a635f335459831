"""The site's own word: checkpoints over the ledger, signatures over release statements, and proving both [P13].

Refuses to sign a ledger that does not verify, and to vouch for a release whose files are not the ones it names.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tre.records.checkpoint import Checkpoint, CheckpointLog, sign
from tre.records.errors import VaultRefused
from tre.records.keys import PublicKey, SigningKey
from tre.records.ledger import Ledger
from tre.records.verify import Verified

RELEASE = "tre release statement"
STATEMENT = "statement.json"
SIGNATURE = "statement.sig"


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
        """The site's signature over a release statement."""
        return self.key.sign(content, purpose=RELEASE)

    def verify_release(self, folder: Path) -> dict[str, Any]:
        """Check a release's folder: the signature, then every file by digest.

        Raises:
            VaultRefused: something is missing, altered, or not signed by this site.
        """
        content = _read(folder / STATEMENT)
        signature = _read(folder / SIGNATURE).decode("ascii", "replace").strip()
        if not any(key.verifies(signature, content, purpose=RELEASE) for key in self.trusted):
            raise _not_ours("The statement is not signed by this site.")
        untrusted_subjects = json.loads(content)["subjects"]
        for subject in untrusted_subjects:
            if hashlib.sha256(_read(folder / subject["path"])).hexdigest() != subject["sha256"]:
                raise _not_ours("A file is not the one that the statement names.")
        return {"verified": True, "files": len(untrusted_subjects), "request": json.loads(content)["request"]}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _not_ours("A file of the release is missing.") from error


def _not_ours(sentence: str) -> VaultRefused:
    return VaultRefused(
        "release-not-genuine", sentence, fix="Fetch the release again from where it was pushed to."
    )
