"""Why a step was taken, as a code from a closed list and the digest of any written words. Refuses free text: the ledger is for ever."""

from dataclasses import dataclass
from enum import StrEnum

from tre.custody.errors import require
from tre.custody.outputs import is_digest


class ReasonCode(StrEnum):
    """The closed list; the words for people are in the note."""

    NEEDS_CHANGES = "needs-changes"
    OUT_OF_SCOPE = "out-of-scope"
    NOT_COVID_19 = "not-covid-19"
    NO_PUBLIC_BENEFIT = "no-public-benefit"
    CONDITIONS_BROKEN = "conditions-broken"
    NO_LONGER_NEEDED = "no-longer-needed"
    RESOLVED = "resolved"
    UNROUNDED_COUNTS = "unrounded-counts"
    SMALL_NUMBERS = "small-numbers"
    CONTEXT_MISSING = "context-missing"
    UNDERLYING_COUNTS_MISSING = "underlying-counts-missing"
    FILE_TYPE = "file-type"
    NOT_PERMITTED = "not-permitted"
    SUSPECTED_BREACH = "suspected-breach"
    ERROR = "error"


@dataclass(frozen=True)
class Reason:
    """A reason code and, where words were written, the digest under which the vault keeps them."""

    code: ReasonCode
    note: str = ""

    def __post_init__(self) -> None:
        require(not self.note or is_digest(self.note), "a note is kept in the vault and named by digest")
