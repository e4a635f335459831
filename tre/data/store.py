"""The store: pseudonymised files, read-only, that are exactly what was built, or are not opened.

    store/
      current -> versions/<sixteen digits>
      versions/<sixteen digits>/
        store.json                 what was built, from what, when, under which list of opt-outs, and every file's digest
        <group>.duckdb             one per permission group: nobody in it has opted out [P6]
        <group>.opted-out.duckdb   the same tables for those who have, for exempt studies alone

A version is named by the digest of its manifest, so that a run can record the bytes it read in sixteen digits. It refuses
a store that is missing, truncated, altered, or writable, and one whose opt-out list is stale.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from tre.data.absent import read_absent
from tre.data.errors import OptOutsRefused, Reason, StoreUnavailable

FORMAT = "tre-store-1"
MANIFEST = "store.json"
CURRENT = "current"
VERSIONS = "versions"
OPT_OUTS_KEEP = timedelta(days=35)
_CHUNK = 1 << 20


class Partition(StrEnum):
    """The two halves of a store."""

    MAIN = "main"
    OPTED_OUT = "opted_out"


class Check(StrEnum):
    """How closely to look when opening: every byte, or sizes and the manifest alone."""

    BYTES = "bytes"
    SIZES = "sizes"


@dataclass(frozen=True)
class StoreFile:
    """One file of a store: where it is, how many bytes, which bytes, and the rows of each of its tables."""

    path: Path
    size: int
    sha256: str
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Store:
    """A store that has been checked.

    `absent` names people who opted out since it was built; the list's digest and date are then the newer list's.
    `version` is the digest of its manifest; `files` and `opted_out_files` are by permission group. The two are never
    opened together except for an exempt study.
    """

    root: Path
    version: str
    backend: str
    built_at: datetime
    extracted_on: date
    catalogue_digest: str
    key_version: int
    optout_list_digest: str
    optout_list_date: date
    groups: Mapping[str, StoreFile]
    opted_out_groups: Mapping[str, StoreFile]
    absent: Path | None = None

    @property
    def manifest(self) -> dict[str, Any]:
        """What the manifest says, as it stands on disk."""
        return _read_manifest(self.root)

    @property
    def files(self) -> Mapping[str, Path]:
        """The file of each permission group, without anyone who has opted out."""
        return {group: file.path for group, file in self.groups.items()}

    @property
    def opted_out_files(self) -> Mapping[str, Path]:
        """The file of each permission group for those who have opted out."""
        return {group: file.path for group, file in self.opted_out_groups.items()}


def open_store(store_dir: Path, *, check: Check = Check.BYTES) -> Store:
    """Open the version that is current.

    Reading every byte takes about a second for each gigabyte; a worker that has just done so may look at sizes alone.

    Raises:
        StoreUnavailable: codes store-missing, store-manifest, store-altered, store-truncated, store-writable.
        OptOutsRefused: the list applied since it was built is altered, or made with another key.
    """
    folder = _current(store_dir)
    manifest = _read_manifest(folder)
    store = _from_manifest(folder, manifest)
    for file in (*store.groups.values(), *store.opted_out_groups.values()):
        _check_file(file, check)
    return _with_absent(store_dir, store)


def _with_absent(store_dir: Path, store: Store) -> Store:
    """The store under the newest list of opt-outs: its own, or one applied since it was built."""
    newer = read_absent(
        store_dir, backend=store.backend, key_version=store.key_version, built_with=store.optout_list_date
    )
    if newer is None:
        return store
    return replace(
        store, optout_list_digest=newer.list_digest, optout_list_date=newer.as_of, absent=newer.path
    )


def check_opt_outs(store: Store, *, now: datetime, keep: timedelta = OPT_OUTS_KEEP) -> None:
    """Refuse a store whose opt-out list is older than `keep`, or dated after today [P6].

    Raises:
        OptOutsRefused: codes opt-outs-stale, opt-outs-future.
    """
    age = now.date() - store.optout_list_date
    if age > keep:
        raise OptOutsRefused(
            Reason(
                "opt-outs-stale",
                f"The opt-out list of this store is of {store.optout_list_date}, older than {keep.days} days.",
                "Ask information governance for the current list and ingest again.",
            )
        )
    if age < timedelta(days=-1):
        raise OptOutsRefused(
            Reason(
                "opt-outs-future",
                f"The opt-out list of this store is dated {store.optout_list_date}, which is still to come.",
                "Correct the list's date, or this machine's clock.",
            )
        )


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """The version of a store: SHA-256 of its manifest in canonical form."""
    return hashlib.sha256(canonical(manifest)).hexdigest()


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one way to write a manifest down."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _current(store_dir: Path) -> Path:
    link = store_dir / CURRENT
    if not link.is_symlink() or not link.resolve().is_dir():
        raise _unavailable(
            "store-missing", "There is no store here.", "Build one: tre data ingest.", store_dir
        )
    return link.resolve()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        manifest = json.loads(content)
    except (OSError, ValueError) as error:
        raise _unavailable(
            "store-manifest", "The store's manifest cannot be read.", _REBUILD, path
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _unavailable("store-manifest", "The store is of a format that is not known.", _REBUILD, path)
    if manifest_digest(manifest)[:16] != folder.name or canonical(manifest) != content:
        raise _unavailable("store-altered", "The manifest is not the one that was built.", _REBUILD, path)
    return manifest


def _from_manifest(folder: Path, manifest: Mapping[str, Any]) -> Store:
    try:
        partitions = {
            partition: {
                group: _file(folder, untrusted) for group, untrusted in manifest["files"][partition].items()
            }
            for partition in Partition
        }
        return Store(
            root=folder,
            version=manifest_digest(manifest),
            backend=manifest["backend"],
            built_at=datetime.fromisoformat(manifest["built_at"]),
            extracted_on=date.fromisoformat(manifest["extracted_on"]),
            catalogue_digest=manifest["catalogue"],
            key_version=manifest["key_version"],
            optout_list_digest=manifest["opt_outs"]["digest"],
            optout_list_date=date.fromisoformat(manifest["opt_outs"]["as_of"]),
            groups=partitions[Partition.MAIN],
            opted_out_groups=partitions[Partition.OPTED_OUT],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unavailable(
            "store-manifest", "The store's manifest lacks what it must say.", _REBUILD, folder
        ) from error


def _file(folder: Path, untrusted: Mapping[str, Any]) -> StoreFile:
    name = str(untrusted["file"])
    if Path(name).name != name:
        raise ValueError("a file outside the store")
    return StoreFile(
        folder / name, int(untrusted["bytes"]), str(untrusted["sha256"]), dict(untrusted["rows"])
    )


def _check_file(file: StoreFile, check: Check) -> None:
    try:
        status = file.path.lstat()
    except OSError as error:
        raise _unavailable(
            "store-missing", "A file of the store is not there.", _REBUILD, file.path
        ) from error
    if status.st_size != file.size:
        raise _unavailable("store-truncated", "A file of the store has another size.", _REBUILD, file.path)
    if status.st_mode & 0o222:
        raise _unavailable("store-writable", "A file of the store can be written to.", _REBUILD, file.path)
    if check is Check.BYTES and file_digest(file.path) != file.sha256:
        raise _unavailable("store-altered", "A file of the store is not what was built.", _REBUILD, file.path)


_REBUILD = "Run nothing on it; keep it for the investigation and ingest again."


def _unavailable(code: str, sentence: str, fix: str, where: Path) -> StoreUnavailable:
    return StoreUnavailable(Reason(code, sentence, fix, str(where)))
