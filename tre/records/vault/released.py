"""The released shelf's door for readers: what has been signed off and pushed out [P9].

Refuses to take anything in: only `release` puts bytes on this shelf, after two people have signed for them.
"""

from pathlib import Path
from typing import BinaryIO

from tre.records.vault.shelf import Shelf


class Released:
    """Bytes that have left, by digest."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder, "released")

    def has(self, digest: str) -> bool:
        """Whether something is kept under that digest."""
        return self._shelf.has(digest)

    def get(self, digest: str) -> bytes:
        """The bytes, hashed again on the way out. See `Shelf.get`."""
        return self._shelf.get(digest)

    def open(self, digest: str) -> BinaryIO:
        """The bytes as a stream, hashed before any of it is given. See `Shelf.open`."""
        return self._shelf.open(digest)
