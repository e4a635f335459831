"""What a new site begins with: its files, its keys, and a ledger with the law that ships. Refuses a folder that is a site already."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tre.cli.house import Folders
from tre.data.catalogue import BACKENDS
from tre.data.keyring import KeyRing
from tre.data.keys import make_keys
from tre.records.keys import create_key, secret_of
from tre.records.law import LawBook, read_bundle
from tre.records.ledger import Ledger
from tre.records.site import begin_site, load_site

SEED_BYTES = 32


def begin(folder: Path, now: datetime, chance: Callable[[int], bytes]) -> None:
    """Begin a site there; keys are made of what ``chance`` gives.

    Raises:
        SiteError: there is a site already.
    """
    begin_site(folder)
    folders = Folders(folder)
    folders.keys.mkdir(mode=0o700)
    create_key(folders.signing_key, chance(SEED_BYTES))
    secret_of(folders.accounts_key, chance(SEED_BYTES))
    rings = {backend: KeyRing(folders.backend_keys(backend)) for backend in BACKENDS}
    make_keys(KeyRing(folders.keys), rings, chance(SEED_BYTES), outside=(folders.backends,))
    _begin_ledger(folders, now)


def _begin_ledger(folders: Folders, now: datetime) -> None:
    site = load_site(folders.site)
    ledger = Ledger.create(folders.ledger_url)
    LawBook(ledger, site.signers, policy=site.policy).begin(now, read_bundle(folders.law))
    ledger.close()
