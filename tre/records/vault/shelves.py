"""The three shelves of a site's vault, and the one door between two of them. Refuses to open that door to bytes by any other way."""

from pathlib import Path

from tre.records.vault.documents import Documents
from tre.records.vault.quarantine import Quarantine
from tre.records.vault.release import ReleaseDoor
from tre.records.vault.released import Released


class Shelves:
    """The shelves beneath a site's vault."""

    def __init__(self, vault: Path) -> None:
        """``vault`` is their folder."""
        self.documents = Documents(vault / "documents")
        self.quarantine = Quarantine(vault / "quarantine")
        self.released = Released(vault / "released")
        self._door = ReleaseDoor(self.quarantine, vault / "released")

    def release(self, digest: str) -> bytes:
        """Let signed-off bytes through the door, and give them."""
        self._door.release(digest)
        return self.released.get(digest)
