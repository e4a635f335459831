"""The synthetic stores that studies are rehearsed on: as many made-up people as a researcher asks for, built as a real store is.

Each is made once for its size, seed and backend, and kept in a cache. Refuses to hold anybody who is real, and to keep the
supply it was made from.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tre.data.catalogue import catalogue_of
from tre.data.ingest import ingest
from tre.data.keyring import KeyRing
from tre.data.keys import make_keys, open_backend_key
from tre.data.progress import Progress
from tre.data.store import CURRENT
from tre.data.synth import synthesise

SEED_BYTES = 32


@dataclass(frozen=True)
class Dummy:
    """Which made-up people a researcher tries a study on: whose supplier's, how many, from which seed, with how long a journal."""

    backend: str = "tpp"
    patients: int = 20_000
    seed: int = 7
    events: int = 40

    @property
    def name(self) -> str:
        """What these people are kept as: the same name, the same people."""
        return f"{self.backend}-{self.patients}-{self.seed}-{self.events}"


def synthetic_store(
    dummy: Dummy, cache: Path, now: datetime, *, chance: Callable[[int], bytes], tell: Progress
) -> tuple[Path, KeyRing]:
    """The store of those people beneath ``cache``, made when it is not there or is older than the catalogue; and its keys.

    Raises:
        SynthRefused: so many people, or such a seed, cannot be made.
    """
    place = cache / f"synthetic-{dummy.name}-{catalogue_of(dummy.backend).digest[:12]}"
    store, keys = place / "backends" / dummy.backend / "store", place / "keys"
    ring = KeyRing(keys / dummy.backend)
    with _alone(cache):
        _make_once(place, dummy, now, chance=chance, tell=tell)
    return store, ring


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Of several who want made-up people at once one makes them, and the others wait."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "synthetic.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_once(
    place: Path, dummy: Dummy, now: datetime, *, chance: Callable[[int], bytes], tell: Progress
) -> None:
    store, keys = place / "backends" / dummy.backend / "store", place / "keys"
    ring = KeyRing(keys / dummy.backend)
    if not (store / CURRENT).exists():
        shutil.rmtree(place, ignore_errors=True)
        keys.mkdir(mode=0o700, parents=True)
        make_keys(KeyRing(keys), {dummy.backend: ring}, chance(SEED_BYTES), outside=(store,))
        _build(place / "supply.duckdb", store, dummy, now, ring=ring, tell=tell)


def _build(supply: Path, store: Path, dummy: Dummy, now: datetime, *, ring: KeyRing, tell: Progress) -> None:
    synthesise(
        supply,
        patients=dummy.patients,
        seed=dummy.seed,
        events_per_patient=dummy.events,
        profile=dummy.backend,
        opt_outs_as_of=now.date(),
        progress=tell,
    )
    catalogue, key = catalogue_of(dummy.backend), open_backend_key(ring, dummy.backend, outside=(store,))
    ingest(supply, store, key=key, backend=dummy.backend, at=now, catalogue=catalogue, progress=tell)
    supply.unlink()
