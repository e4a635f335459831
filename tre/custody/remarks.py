"""Remarks of a review: on a file, or on one cell of it, with a ready reason and written words.

A place is a row and a column by number, never by name: a heading may be a value from the data. Refuses a place that is
half given, and words that are not kept in the vault.
"""

from dataclasses import dataclass
from enum import StrEnum

from tre.custody.errors import require
from tre.custody.outputs import is_digest
from tre.custody.reasons import ReasonCode

NOWHERE = -1


class Audience(StrEnum):
    """Who a remark is for."""

    CHECKERS = "checkers"
    EVERYONE = "everyone"


@dataclass(frozen=True)
class Remark:
    """Words about the bytes of one file; ``row`` and ``column`` are counted from 0, or are -1 for the whole file.

    Remarks at one place are one conversation; the last one says, with ``resolved``, whether it is settled.
    """

    path: str
    digest: str
    note: str
    reason: ReasonCode = ReasonCode.NEEDS_CHANGES
    audience: Audience = Audience.EVERYONE
    row: int = NOWHERE
    column: int = NOWHERE
    resolved: bool = False

    def __post_init__(self) -> None:
        require(self.path and is_digest(self.digest), "a remark is on bytes")
        require(is_digest(self.note), "a remark is kept in the vault and named by digest")
        require(self.row >= NOWHERE and self.column >= NOWHERE, "a place is counted from 0")
        require((self.row == NOWHERE) == (self.column == NOWHERE), "a place is a row and a column")


@dataclass(frozen=True)
class Said:
    """A remark, and who made it in which round."""

    person: str
    round: int
    remark: Remark
