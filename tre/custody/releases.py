"""Releases: what left, on whose word, and the signature over it [P9] [P13]. Refuses a release of nothing."""

from dataclasses import dataclass

from tre.custody.errors import require
from tre.custody.outputs import is_digest


@dataclass(frozen=True)
class ReleasedFile:
    """One file that leaves: its path and the digest of exactly the bytes that do."""

    path: str
    digest: str


@dataclass(frozen=True)
class Statement:
    """What a release says of itself; its canonical bytes are signed and kept in the vault under ``digest``."""

    digest: str
    signature: str
    files: tuple[ReleasedFile, ...]

    def __post_init__(self) -> None:
        require(is_digest(self.digest), "a statement is known by its digest")
        require(self.signature, "a statement is signed")
        require(self.files, "a release of nothing is not a release")
