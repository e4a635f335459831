"""How a store is swapped in: built aside, made durable, named by its manifest, and current in one rename.

It refuses to leave half a store: whatever happens before the rename, the old version goes on serving, and the next build
starts from nothing.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tre.data.errors import DataRefused, IngestRefused, Reason
from tre.data.store import CURRENT, MANIFEST, SIGNATURE, VERSIONS, canonical, manifest_digest

STAGING = "building"
PLAN = "plan"
SPILL = "spill"
LOCK = ".building.lock"


@contextmanager
def staging_in(store_dir: Path) -> Iterator[Path]:
    """A folder to build in, one build at a time.

    It holds what a build that died has left there, for `take_up` to judge. A build that ends, or is refused, leaves nothing;
    one that is stopped leaves what the next can go on with.

    Raises:
        IngestRefused: another build is under way here.
    """
    store_dir.mkdir(parents=True, exist_ok=True)
    with (store_dir / LOCK).open("w") as lock:
        _take(lock.fileno(), store_dir)
        staging = store_dir / STAGING
        staging.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(staging / SPILL, ignore_errors=True)
        try:
            yield staging
        except DataRefused:
            _remove(staging)
            raise
        _remove(staging)


def take_up(staging: Path, plan: str) -> None:
    """Keep what an earlier build left if it was of this very plan; else begin anew."""
    noted = staging / PLAN
    if noted.is_file() and noted.read_text("ascii") == plan:
        return
    for left in staging.iterdir():
        _remove(left) if left.is_dir() else left.unlink()
    noted.write_text(plan, "ascii")


def _take(lock: int, store_dir: Path) -> None:
    """The kernel lets go of this lock when its holder dies, so that a killed build never bars the next."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        sentence = "Another ingest is building this store."
        raise IngestRefused(
            Reason("ingest-busy", sentence, "Wait until it has ended.", str(store_dir))
        ) from error


def publish(store_dir: Path, staging: Path, manifest: Mapping[str, Any], *, signature: bytes = b"") -> Path:
    """Make what is in `staging` the current version, under a signature of its manifest; returns its folder.

    The switch is one rename. The versions before it then go: people who opted out since must not linger in them.
    """
    shutil.rmtree(staging / SPILL, ignore_errors=True)
    (staging / PLAN).unlink(missing_ok=True)
    for name, content in ((MANIFEST, canonical(manifest)), (SIGNATURE, signature.hex().encode())):
        (staging / name).unlink(missing_ok=True)
        (staging / name).write_bytes(content)
        (staging / name).chmod(0o444)
    for file in staging.iterdir():
        sync(file)
    folder = store_dir / VERSIONS / manifest_digest(manifest)[:16]
    folder.parent.mkdir(exist_ok=True)
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}.replaced"))
    staging.rename(folder)
    folder.chmod(0o555)
    sync(folder.parent)
    link = store_dir / f"{CURRENT}.next"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(VERSIONS) / folder.name)
    link.replace(store_dir / CURRENT)
    sync(store_dir)
    for other in folder.parent.iterdir():
        if other != folder:
            _remove(other)
    return folder


def destroy_version(store_dir: Path, version: str, *, before: datetime) -> bool:
    """Delete a version of a store that another has taken the place of, unless it is younger than `before` or is current.

    Returns:
        Whether it is not there now; a build has removed it already, unless it was stopped at that moment.
    """
    folder = store_dir / VERSIONS / version[:16]
    if not folder.exists():
        return True
    is_current = (store_dir / CURRENT).resolve() == folder.resolve()
    if is_current or folder.stat().st_ctime >= before.timestamp():
        return False
    _remove(folder)
    return True


def sync(path: Path) -> None:
    """Put on the disk what a file holds, or which names a folder has."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    if folder.exists():
        folder.chmod(0o700)
        shutil.rmtree(folder)
