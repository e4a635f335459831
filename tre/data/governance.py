"""What information governance has signed and put in force here: which studies are exempt from type 1 opt-outs [P6].

The document is read, and its signature checked, each time it is asked: one that was altered, or whose signer is no longer
named in people.toml, stops the run. It refuses to say what a study may see without knowing which day it is.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tre.data.optouts import Exemption, exempt, read_exemptions

EXEMPT = "exempt-studies.json"

HonoursNational = Callable[[str], bool]
"""Whether a study's legal basis asks that national opt-outs be honoured."""


@dataclass(frozen=True)
class Governance:
    """The documents of one site, the public keys that may have signed them, and how to know the day and a study's basis."""

    folder: Path
    trusted: Collection[bytes]
    today: Callable[[], date]
    honours_national: HonoursNational

    def exempt(self, study: str) -> bool:
        """Whether a study may, today, see people with a type 1 opt-out.

        Raises:
            OptOutsRefused: the document is there, and is not signed by anyone who may sign it.
        """
        return exempt(self.exemptions(), study, self.today())

    def exemptions(self) -> tuple[Exemption, ...]:
        """The exempt studies; none where nothing was signed."""
        path = self.folder / EXEMPT
        return read_exemptions(path.read_bytes(), trusted=self.trusted) if path.exists() else ()

    def put_in_force(self, untrusted: bytes) -> tuple[Exemption, ...]:
        """Take a signed document in the place of the one before.

        Raises:
            OptOutsRefused: it is not signed by anyone who may sign it, or says nothing that can be read.
        """
        exemptions = read_exemptions(untrusted, trusted=self.trusted)
        self.folder.mkdir(exist_ok=True)
        draft = self.folder / f".{EXEMPT}.part"
        draft.write_bytes(untrusted)
        draft.replace(self.folder / EXEMPT)
        return exemptions


def nobody_exempt() -> Governance:
    """The governance of a rehearsal: nobody real, nobody exempt."""
    nowhere = Path("/nonexistent")
    return Governance(nowhere, (), lambda: date.min, lambda _study: False)
