"""The synthetic store that studies are rehearsed on, made once and kept in a cache; refuses to hold anybody who is real."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tre.data.catalogue import catalogue_of
from tre.data.ingest import ingest
from tre.data.keyring import KeyRing
from tre.data.keys import make_keys, open_backend_key
from tre.data.progress import Progress
from tre.data.store import CURRENT
from tre.data.synth import synthesise

PATIENTS = 20_000
SEED_BYTES = 32


def synthetic_store(
    backend: str, cache: Path, now: datetime, *, chance: Callable[[int], bytes], tell: Progress
) -> tuple[Path, KeyRing]:
    """The store of that backend beneath ``cache``, made when it is not there or is older than the catalogue; and its keys."""
    catalogue = catalogue_of(backend)
    place = cache / f"synthetic-{PATIENTS}-{backend}-{catalogue.digest[:12]}"
    store, keys = place / "backends" / backend / "store", place / "keys"
    ring = KeyRing(keys / backend)
    if not (store / CURRENT).exists():
        shutil.rmtree(place, ignore_errors=True)
        keys.mkdir(mode=0o700, parents=True)
        make_keys(KeyRing(keys), {backend: ring}, chance(SEED_BYTES), outside=(store,))
        supply, day = place / "supply.duckdb", now.date()
        synthesise(supply, patients=PATIENTS, seed=7, profile=backend, opt_outs_as_of=day, progress=tell)
        key = open_backend_key(ring, backend, outside=(store,))
        ingest(supply, store, key=key, backend=backend, at=now, catalogue=catalogue, progress=tell)
    return store, ring
