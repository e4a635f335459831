"""Where keys are: one folder for each backend, and in it a file for each role and version. Paths alone: no key is opened here.

    keys/site.v1.key            what every backend's key is made from; may be taken away once those are made
    keys/tpp/backend.v1.key     what ingest makes pseudonyms with
    keys/tpp/studies.v1.key     what the worker makes a study's pseudonyms with; it can make none from an NHS number
    keys/tpp/store.v1.pub       what shows that a store was built with that backend's key

A rotation adds a version and removes none: a store is read with the keys it was built with until the next one is built.
It refuses to guess: without a version there is no key.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tre.data.errors import KeyRefused, Reason

_NAME = re.compile(r"(?:site|backend|studies)\.v([0-9]{1,3})\.key")


@dataclass(frozen=True)
class KeyRing:
    """The keys of one backend, or of the site."""

    folder: Path

    def site(self, version: int) -> Path:
        """The site's key of that version."""
        return self.folder / f"site.v{version}.key"

    def backend(self, version: int) -> Path:
        """The backend's key of that version."""
        return self.folder / f"backend.v{version}.key"

    def studies(self, version: int) -> Path:
        """The key of that version from which studies get theirs."""
        return self.folder / f"studies.v{version}.key"

    def signer(self, version: int) -> Path:
        """The public half of what signs stores of that version."""
        return self.folder / f"store.v{version}.pub"

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions there are keys of, oldest first."""
        names = (_NAME.fullmatch(path.name) for path in self.folder.glob("*.key"))
        return tuple(sorted({int(name.group(1)) for name in names if name}))

    @property
    def newest(self) -> int:
        """The newest version.

        Raises:
            KeyRefused: there is no key.
        """
        if not self.versions:
            raise KeyRefused(
                Reason(
                    "key-missing",
                    "There is no key here.",
                    "Make the site's keys: `tre init`.",
                    str(self.folder),
                )
            )
        return self.versions[-1]

    def signers(self) -> tuple[bytes, ...]:
        """The public keys whose signature a store may bear."""
        found = (self.signer(version) for version in self.versions)
        return tuple(bytes.fromhex(path.read_text("ascii")) for path in found if path.is_file())
