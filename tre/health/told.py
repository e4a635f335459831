"""What stores say of themselves to the health checks: sizes, dates, versions, and how many may be seen. Never a row, never a person."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path

from tre.data.canary import build_canary
from tre.data.errors import DataRefused
from tre.data.keyring import KeyRing
from tre.data.keys import open_site_key
from tre.data.store import CURRENT, Check, Partition, Store, open_store
from tre.health.corridor import Canaries
from tre.health.eyes import StoreTold

PATIENTS = "patients"


def stores_told(
    places: Mapping[str, tuple[Path, Path]], require_in_force: Callable[[Store, str], None]
) -> tuple[StoreTold, ...]:
    """What every store that is built says; ``places`` are the folders of a backend's store and of its keys.

    ``require_in_force`` refuses a store that does not show the lists of opt-outs that are in force [P6].
    """
    built = {name: place for name, place in places.items() if (place[0] / CURRENT).exists()}
    return tuple(
        store_told(name, store, KeyRing(keys).signers(), require_in_force)
        for name, (store, keys) in built.items()
    )


def store_told(
    backend: str,
    folder: Path,
    signers: Collection[bytes],
    require_in_force: Callable[[Store, str], None],
) -> StoreTold:
    """What a backend's store says, once every byte of it was compared with what was built and signed."""
    try:
        store = open_store(folder, check=Check.BYTES, signers=signers)
        require_in_force(store, backend)
    except DataRefused as refused:
        return StoreTold(backend, fault=refused.sentence)
    return StoreTold(
        backend,
        opt_outs=store.optout_list_date,
        rows=dict(rows_seen(store)),
        version=store.version,
        extracted_on=store.extracted_on,
        left_since=store.absent is not None,
    )


def rows_seen(store: Store) -> Counter[str]:
    """The rows of each table that a maintenance job may see: without those of people with an opt-out of type 1."""
    rows: Counter[str] = Counter()
    for part in store.seen_by(exempt=False, national=False):
        for file in part.values():
            rows.update(file.rows)
    return rows


def canaries_built(folder: Path, site_keys: Path, now: datetime, *, outside: Path) -> Canaries:
    """Make the canary store of this month, in which nobody is real; how many may be seen, and how many have opted out."""
    key = open_site_key(KeyRing(site_keys), outside=(outside,))
    return canaries_told(build_canary(folder, key=key, at=now))


def canaries_told(store: Store) -> Canaries:
    """How many canaries may be seen, and how many have opted out."""
    opted_out = (file.rows.get(PATIENTS, 0) for file in store.parts[Partition.OPTED_OUT].values())
    return Canaries(rows_seen(store)[PATIENTS], sum(opted_out))
