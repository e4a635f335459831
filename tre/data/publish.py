"""How a store is swapped in: built aside, made durable, named by its manifest, and current in one rename.

It refuses to leave half a store: whatever happens before the rename, the old version goes on serving, and the next build
starts from nothing.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tre.data.errors import IngestRefused, Reason
from tre.data.store import CURRENT, MANIFEST, VERSIONS, canonical, manifest_digest

STAGING = "building"
LOCK = ".building.lock"


@contextmanager
def staging_in(store_dir: Path) -> Iterator[Path]:
    """A folder to build in, empty at the start and gone at the end, whatever happens; one at a time.

    Raises:
        IngestRefused: another build is under way here.
    """
    store_dir.mkdir(parents=True, exist_ok=True)
    with (store_dir / LOCK).open("w") as lock:
        _take(lock.fileno(), store_dir)
        staging = store_dir / STAGING
        _remove(staging)
        staging.mkdir(mode=0o700)
        try:
            yield staging
        finally:
            _remove(staging)


def _take(lock: int, store_dir: Path) -> None:
    """The kernel lets go of this lock when its holder dies, so that a killed build never bars the next."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        sentence = "Another ingest is building this store."
        raise IngestRefused(
            Reason("ingest-busy", sentence, "Wait until it has ended.", str(store_dir))
        ) from error


def publish(store_dir: Path, staging: Path, manifest: Mapping[str, Any]) -> Path:
    """Make what is in `staging` the current version; returns its folder.

    The switch is one rename. The versions before it then go: people who opted out since must not linger in them.
    """
    shutil.rmtree(staging / "spill", ignore_errors=True)
    path = staging / MANIFEST
    path.write_bytes(canonical(manifest))
    path.chmod(0o444)
    for file in staging.iterdir():
        _sync(file)
    folder = store_dir / VERSIONS / manifest_digest(manifest)[:16]
    folder.parent.mkdir(exist_ok=True)
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}.replaced"))
    staging.rename(folder)
    folder.chmod(0o555)
    _sync(folder.parent)
    link = store_dir / f"{CURRENT}.next"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(VERSIONS) / folder.name)
    link.replace(store_dir / CURRENT)
    _sync(store_dir)
    for other in folder.parent.iterdir():
        if other != folder:
            _remove(other)
    return folder


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    if folder.exists():
        folder.chmod(0o700)
        shutil.rmtree(folder)
