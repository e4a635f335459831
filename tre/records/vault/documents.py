"""The documents' door: specs, code bundles, notes, reports and signed statements, by digest.

What people and the platform wrote about a study, not what its code made of the data. Refuses everything that a shelf
refuses. A report's findings can be sensitive: `views` decides who reads which document.
"""

from pathlib import Path
from typing import BinaryIO

from tre.records.vault.shelf import Shelf


class Documents:
    """Documents, by digest."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder, "documents")

    def put(self, content: bytes | Path) -> str:
        """Keep these bytes, or a copy of this file's; their digest. See `Shelf.put`."""
        return self._shelf.put(content)

    def has(self, digest: str) -> bool:
        """Whether something is kept under that digest."""
        return self._shelf.has(digest)

    def get(self, digest: str) -> bytes:
        """The bytes, hashed again on the way out. See `Shelf.get`."""
        return self._shelf.get(digest)

    def open(self, digest: str) -> BinaryIO:
        """The bytes as a stream, hashed before any of it is given. See `Shelf.open`."""
        return self._shelf.open(digest)
