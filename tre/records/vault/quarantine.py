"""The quarantine's door: raw outputs and logs from real data, for the worker that puts them and the checker who looks.

Nothing on the outside may import this module [P1] [P9]. Refuses everything that a shelf refuses; every look through it
is an event, which the caller appends before it opens [P13].
"""

from pathlib import Path
from typing import BinaryIO

from tre.records.vault.shelf import Shelf


class Quarantine:
    """Bytes that nobody has signed off, by digest."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder, "quarantine")

    def put(self, content: bytes | Path) -> str:
        """Keep these bytes, or a copy of this file's; their digest. See `Shelf.put`."""
        return self._shelf.put(content)

    def has(self, digest: str) -> bool:
        """Whether something is kept under that digest."""
        return self._shelf.has(digest)

    def hold(self, digest: str) -> bool:
        """As `has`; and what is there is not deleted for a while. See `Shelf.hold`."""
        return self._shelf.hold(digest)

    def destroy(self, digest: str, *, before: float) -> bool:
        """Delete the bytes, unless they were put or held since; for retention alone, which certifies it. See `Shelf.destroy`."""
        return self._shelf.destroy(digest, before=before)

    def get(self, digest: str) -> bytes:
        """The bytes, hashed again on the way out. See `Shelf.get`."""
        return self._shelf.get(digest)

    def open(self, digest: str) -> BinaryIO:
        """The bytes as a stream, hashed before any of it is given. See `Shelf.open`."""
        return self._shelf.open(digest)
