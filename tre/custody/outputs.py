"""Outputs: bytes known by their digest, and what the checks said about them. Refuses bytes it cannot name."""

import re
from dataclasses import dataclass
from enum import StrEnum

from job_specs.model import Sensitivity
from output_checks.model import Confidence, Verdict
from tre.custody.errors import require
from tre.custody.later import later

DIGEST = re.compile(r"[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether the text is a SHA-256 in lower-case hexadecimal."""
    return DIGEST.fullmatch(text) is not None


@dataclass(frozen=True)
class Output:
    """A file that an action made: its declared path and sensitivity, and the digest of its bytes in the vault."""

    action: str
    path: str
    digest: str
    size: int
    sensitivity: Sensitivity

    def __post_init__(self) -> None:
        require(self.path, "an output has a path")
        require(is_digest(self.digest), "an output is known by its digest")
        require(self.size >= 0, "an output has a size")


@dataclass(frozen=True)
class Offered:
    """An output as it is offered for release: the raw digest, the digest of what would leave, and the report on it."""

    path: str
    raw: str
    digest: str
    report: str
    level: Confidence
    verdict: Verdict

    def __post_init__(self) -> None:
        named = is_digest(self.raw) and is_digest(self.digest) and is_digest(self.report)
        require(named, "an offered output names its bytes and its report by digest")


class Decision(StrEnum):
    """One checker's word on one file."""

    APPROVE = "approve"
    CHANGES = "request-changes"
    REJECT = "reject"


@dataclass(frozen=True)
class FileVote:
    """A decision on one file, bound to the exact bytes that were looked at; ``note`` is the digest of written words."""

    path: str
    digest: str
    decision: Decision
    note: str = ""

    def __post_init__(self) -> None:
        require(is_digest(self.digest), "a vote is bound to bytes")
        require(not self.note or is_digest(self.note), "a note is kept in the vault and named by digest")


@dataclass(frozen=True)
class Vote:
    """One checker's votes, file by file, in one round: the latest word on each."""

    checker: str
    files: tuple[FileVote, ...]


@dataclass(frozen=True)
class FileContext:
    """What a member says an offered file is, before a checker's time is asked for: a document in the vault, by digest.

    ``left_out``: it is not to be reviewed, its author mends the code; else what the checks would let leave is accepted by saying this.
    """

    path: str
    context: str
    left_out: bool = later(False)

    def __post_init__(self) -> None:
        require(self.path, "a context is of a file")
        require(is_digest(self.context), "a context is kept in the vault and named by digest")


@dataclass(frozen=True)
class Standing:
    """An offer that was approved, exactly as it was, with what was said of it, and each approval of it."""

    offered: Offered
    context: str
    approvals: tuple[Vote, ...]
