"""What information governance has signed and put in force here: the lists of opt-outs, and which studies are exempt [P6].

A document is read, and its signature checked, each time it is asked: one that was altered, or whose signer is no longer
named in people.toml, stops the run. So does one that is not the very document that the ledger says is in force: an older one
that was put back, or none. It refuses to say what a study may see without knowing which day it is.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tre.custody.lists import Lists
from tre.data.errors import OptOutsRefused, Reason, StoreUnavailable
from tre.data.optouts import Exemption, document_digest, exempt, read_exemptions
from tre.data.publish import sync
from tre.data.store import Store

EXEMPT = "exempt-studies.json"

HonoursNational = Callable[[str], bool]
"""Whether a study's legal basis asks that national opt-outs be honoured."""


@dataclass(frozen=True)
class Governance:
    """The documents of one site, the public keys that may have signed them, and how to know the day, a study's basis, and
    what the ledger says is in force.
    """

    folder: Path
    trusted: Collection[bytes]
    today: Callable[[], date]
    honours_national: HonoursNational
    lists: Callable[[], Lists]

    def exempt(self, study: str) -> bool:
        """Whether a study may, today, see people with a type 1 opt-out.

        Raises:
            OptOutsRefused: the document is there, and is not signed by anyone who may sign it.
        """
        return exempt(self.exemptions(), study, self.today())

    def require_in_force(self, store: Store, backend: str) -> None:
        """Refuse a store that is not this backend's, or does not show the very lists that are in force.

        Raises:
            OptOutsRefused: it is not, or does not.
        """
        if store.backend != backend:
            sentence = f"The store of {backend} is another backend's."
            raise OptOutsRefused(
                Reason("store-of-another-backend", sentence, "Run nothing on it; ingest again.", backend)
            )
        if not self.lists().allow(backend, store.shown):
            raise _not_in_force("The store does not show the lists of opt-outs that are in force.", backend)

    def exemptions(self) -> tuple[Exemption, ...]:
        """The exempt studies; none where nothing was ever put in force.

        Raises:
            OptOutsRefused: the document is not the one that is in force, or not signed by anyone who may sign it.
        """
        path = self.folder / EXEMPT
        content = path.read_bytes() if path.exists() else b""
        if (document_digest(content) if content else "") != self.lists().exemptions:
            raise _not_in_force("The document of exempt studies is not the one that is in force.", path.name)
        return read_exemptions(content, trusted=self.trusted) if content else ()

    def put_in_force(self, untrusted: bytes, keep: Callable[[str], object]) -> tuple[Exemption, ...]:
        """Take a signed document in the place of the one before: `keep` puts its digest on the ledger, and then it lies here.

        Raises:
            OptOutsRefused: it is not signed by anyone who may sign it, or says nothing that can be read.
        """
        exemptions = read_exemptions(untrusted, trusted=self.trusted)
        self.folder.mkdir(exist_ok=True)
        draft = self.folder / f".{EXEMPT}.part"
        draft.write_bytes(untrusted)
        sync(draft)
        keep(document_digest(untrusted))
        draft.replace(self.folder / EXEMPT)
        sync(self.folder)
        return exemptions


class _NobodyReal(Governance):
    """A rehearsal's: there is no ledger, and no store but a synthetic one is read."""

    def require_in_force(self, store: Store, backend: str) -> None:
        """Refuse a store of people who may be real; which backend's people were made up does not matter."""
        del backend
        require_synthetic(store)


def nobody_exempt() -> Governance:
    """The governance of a rehearsal: nobody real, nobody exempt."""
    nowhere = Path("/nonexistent")
    return _NobodyReal(nowhere, (), lambda: date.min, lambda _study: False, Lists)


def require_synthetic(store: Store) -> None:
    """Refuse a store whose people may be real, where nothing says which lists of opt-outs are in force.

    Raises:
        StoreUnavailable: its supplier does not say that they are synthetic.
    """
    if not store.is_synthetic:
        sentence = "Only a store of synthetic people is read here, and this one does not say that it is."
        fix = "Submit a job request to ask about real people; remove this store from the cache."
        raise StoreUnavailable(Reason("store-not-synthetic", sentence, fix, str(store.root)))


def _not_in_force(sentence: str, where: str) -> OptOutsRefused:
    fix = "A maintainer applies the newest signed document again, or builds the store anew with it."
    return OptOutsRefused(Reason("opt-outs-not-in-force", sentence, fix, where))
