"""Signing a checkpoint of the ledger: verify everything first, then sign, then keep it elsewhere.

Refuses to sign a ledger that does not hold, or that contradicts what was signed before.
"""

from datetime import datetime

from tre.records.checkpoint import Checkpoint, CheckpointLog, sign
from tre.records.errors import CheckpointRefused
from tre.records.keys import PublicKey, SigningKey
from tre.records.ledger import Ledger, Verified


def witness(ledger: Ledger, log: CheckpointLog, key: SigningKey, *, at: datetime) -> Checkpoint:
    """Verify the ledger against every earlier checkpoint of this key, sign its head, and add that to the log.

    Raises:
        LedgerBroken: the ledger does not hold; nothing is signed.
        CheckpointRefused: an earlier checkpoint is damaged; nothing is signed.
    """
    trusted = (key.public,)
    verified = ledger.verify(earlier=_earlier(log, key.public))
    checkpoint = sign(verified.position, verified.hash, at=at, key=key)
    log.append(checkpoint, trusted)
    return checkpoint


def verify_witnessed(ledger: Ledger, log: CheckpointLog, *trusted: PublicKey) -> Verified:
    """Verify the ledger against every checkpoint in the log.

    Raises:
        LedgerBroken: the ledger does not hold.
        CheckpointRefused: there is no checkpoint, or one is damaged or not signed by a trusted key.
    """
    return ledger.verify(earlier=log.read(trusted))


def _earlier(log: CheckpointLog, key: PublicKey) -> tuple[Checkpoint, ...]:
    """The log's checkpoints; none yet is fine for a signer, and for nobody else."""
    try:
        return log.read((key,))
    except CheckpointRefused as refused:
        if refused.code == "checkpoints-missing":
            return ()
        raise
