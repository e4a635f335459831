"""What this room says when it will not, or cannot, keep or give something.

The tree::

    RecordsError
    +-- LedgerRefused          the ledger will not do what it was asked; nothing was written
    |   +-- CaseMoved          somebody else's event came first: load the case and decide again
    |   +-- ClaimHeld          another worker runs this action, and its lease lasts
    |   +-- ClaimLost          another worker took this action over: what this one says of it does not count
    +-- ListBeingPrepared      a list is still being folded; everything else goes on
    +-- LedgerBroken           the ledger is not as it was written; carries the position
    +-- LedgerUnavailable      the database did not answer in time, or has no room
    +-- CheckpointRefused      a checkpoint that nobody's key signed, or that cannot be read
    +-- KeyRefused             a key file that others could read, or that is no key
    +-- BackupRefused          a backup that is not whole, or a restore over something
    +-- VaultRefused           the vault will not take or give these bytes
    |   +-- NotInVault         nothing is kept under that digest on that shelf
    +-- VaultDamaged           the bytes are there and are not the bytes that were put there
    +-- WorkerAlreadyRunning   another worker holds this ledger on this machine

Refuses to carry anything but a code for machines and sentences for people: no value from a row, no database message.
"""


class RecordsError(Exception):
    """Base of everything this room raises: ``code`` for machines, ``sentence`` and ``fix`` for people."""

    def __init__(self, code: str, sentence: str, *, fix: str) -> None:
        super().__init__(f"{code}: {sentence} {fix}")
        self.code = code
        self.sentence = sentence
        self.fix = fix


class ListBeingPrepared(RecordsError):
    """A list is still being folded from the ledger, after an upgrade or a loss; the ledger and every other list go on."""

    def __init__(self, percent: int) -> None:
        super().__init__(
            "list-being-prepared",
            f"This list is being prepared from the records: {percent} of 100 parts are done.",
            fix="Nothing is to be done, and nothing is lost: load it again in a minute.",
        )


class LedgerRefused(RecordsError):
    """The ledger will not do what it was asked; nothing was written."""


class CaseMoved(LedgerRefused):
    """The case is no longer where the decision was made: compare-and-append refused the append."""

    def __init__(self, case_id: str, *, expected: int, found: int) -> None:
        super().__init__(
            "case-moved",
            f"The case {case_id!r} has moved on: the decision saw {expected} events, the ledger holds {found}.",
            fix="Load the case again and decide again.",
        )
        self.case_id = case_id
        self.expected = expected
        self.found = found


class LeftMeanwhile(LedgerRefused):
    """Something else has left since this was compared with everything that had: it is compared again first [P10]."""

    def __init__(self) -> None:
        super().__init__(
            "left-meanwhile",
            "Something else was released while this was about to be.",
            fix="Nothing is to be done: it is compared with that, and released if it may be.",
        )


class ClaimHeld(LedgerRefused):
    """Another worker runs this action, and its lease lasts."""

    def __init__(self, worker: str) -> None:
        super().__init__(
            "claim-held",
            f"The worker {worker!r} runs this action.",
            fix="Nothing is to be done: if that worker is gone, its lease lapses and another goes on.",
        )


class ClaimLost(LedgerRefused):
    """The action was taken over in the meantime: what this worker says of it is not written [P13]."""

    def __init__(self) -> None:
        super().__init__(
            "claim-lost",
            "Another worker has taken this action over; what this one made of it does not count.",
            fix="Nothing is to be done: the other's outcome is the one that counts.",
        )


class LedgerBroken(RecordsError):
    """The ledger is not as it was written. ``position`` is the first place where that shows."""

    def __init__(self, code: str, position: int, sentence: str, *, fix: str) -> None:
        super().__init__(code, sentence, fix=fix)
        self.position = position


class LedgerUnavailable(RecordsError):
    """The database did not do its part; nothing was written."""


class CheckpointRefused(RecordsError):
    """A checkpoint that cannot be trusted, so it proves nothing."""


class KeyRefused(RecordsError):
    """A key file that cannot be trusted or must not be overwritten."""


class BackupRefused(RecordsError):
    """A backup that is not whole, or a restore that would go over something."""


class VaultRefused(RecordsError):
    """The vault will not take or give these bytes."""


class NotInVault(VaultRefused):
    """Nothing is kept under that digest on that shelf."""

    def __init__(self, digest: str, *, shelf: str) -> None:
        super().__init__(
            "not-in-vault",
            f"The {shelf} shelf holds nothing under {digest[:12]}….",
            fix="See `tre retention list` for what was deleted by the site's rule; if it is not there, restore the shelf.",
        )


class VaultDamaged(RecordsError):
    """The bytes under a digest are not the bytes that were put there: nothing is given out."""

    def __init__(self, digest: str, *, shelf: str) -> None:
        super().__init__(
            "vault-damaged",
            f"The bytes kept under {digest[:12]}… on the {shelf} shelf are not the bytes that were put there.",
            fix="Leave the file as it is for evidence, tell the maintainers, and restore it from a backup.",
        )
        self.digest = digest


class WorkerAlreadyRunning(RecordsError):
    """Another worker holds this ledger on this machine."""
