"""The one push from inside to outside: copy signed-off bytes from the quarantine to the released shelf [P9].

It knows nothing of votes: the worker calls it for exactly the digests of a `SignedOff` case, before it appends
`Released`. Doing it twice is doing it once. Refuses bytes that are no longer the ones that were checked.
"""

from pathlib import Path

from tre.records.vault.quarantine import Quarantine
from tre.records.vault.shelf import Shelf


class ReleaseDoor:
    """The way out, held by the worker alone."""

    def __init__(self, quarantine: Quarantine, released_folder: Path) -> None:
        self._quarantine = quarantine
        self._released = Shelf(released_folder, "released")

    def release(self, digest: str) -> None:
        """Copy the bytes with that digest out, durably.

        Raises:
            NotInVault: the quarantine does not hold them.
            VaultDamaged: what it holds is something else; nothing leaves.
        """
        with self._quarantine.open(digest) as source:
            self._released.receive(source, digest)
