"""The store: pseudonymised files, read-only, that are exactly what was built, or are not opened.

    store/
      current -> versions/<sixteen digits>
      versions/<sixteen digits>/
        store.json                 what was built, from what, when, under which lists of opt-outs, and every file's digest
        store.sig                  the signature of the backend's key over store.json
        <group>.duckdb             one per permission group: nobody in it has opted out [P6]
        <group>.national.duckdb    the same tables for those with a national opt-out alone, where the basis does not ask for it
        <group>.opted-out.duckdb   the same tables for those with a type 1 opt-out, for exempt studies alone

A version is named by the digest of its manifest, so that a run can record the bytes it read in sixteen digits. It refuses
a store that is missing, truncated, altered, or writable, and one whose opt-out list is stale.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tre.custody.law import OptOutRule
from tre.custody.lists import ListInForce
from tre.data.absent import MANIFEST_KEYS, BuiltWith, MadeFor, read_absent
from tre.data.errors import OptOutsRefused, Reason, StoreUnavailable
from tre.data.optouts import Kind

FORMAT = "tre-store-2"
MANIFEST = "store.json"
SIGNATURE = "store.sig"
CURRENT = "current"
VERSIONS = "versions"
OPT_OUTS_KEEP = timedelta(days=35)
SYNTHETIC = "synthetic "
"""What a supplier's name begins with where nobody in the supply is real."""
_CHUNK = 1 << 20


class Partition(StrEnum):
    """The parts of a store; everybody is in exactly one."""

    MAIN = "main"
    NATIONAL = "national"
    OPTED_OUT = "opted_out"


FILES = {
    Partition.MAIN: "{}.duckdb",
    Partition.NATIONAL: "{}.national.duckdb",
    Partition.OPTED_OUT: "{}.opted-out.duckdb",
}
"""What the file of a permission group is called in each part."""


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

    `absent` names people with a type 1 opt-out since it was built, `national_absent` those with a national one; the lists'
    dates are then the newer lists'. `built_with` says which document of each kind it was built with.
    `version` is the digest of its manifest; `parts` holds the file of each permission group in each part. `national_list_date`
    is that of the list of national opt-outs it was built with, None where it was built without one.
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
    parts: Mapping[Partition, Mapping[str, StoreFile]]
    national_list_date: date | None = None
    national_list_digest: str = ""
    absent: Path | None = None
    national_absent: Path | None = None
    supplier: str = ""
    built_with: Mapping[Kind, BuiltWith] = field(default_factory=dict)

    @property
    def is_synthetic(self) -> bool:
        """Whether nobody in it is real."""
        return self.supplier.startswith(SYNTHETIC)

    @property
    def shown(self) -> tuple[ListInForce, ...]:
        """The lists of opt-outs that it shows, each by its day and the people on it, to be held against those in force."""
        type_1 = ListInForce(OptOutRule.TYPE_1, self.optout_list_date, self.optout_list_digest, "")
        if self.national_list_date is None:
            return (type_1,)
        national = ListInForce(OptOutRule.NATIONAL, self.national_list_date, self.national_list_digest, "")
        return (type_1, national)

    @property
    def manifest(self) -> dict[str, Any]:
        """What the manifest says, as it stands on disk."""
        return _read_manifest(self.root)

    @property
    def groups(self) -> Mapping[str, StoreFile]:
        """The file of each permission group, without anyone who has opted out in either way."""
        return self.parts[Partition.MAIN]

    @property
    def files(self) -> Mapping[str, Path]:
        """Where those files are."""
        return {group: file.path for group, file in self.groups.items()}

    def seen_by(self, *, exempt: bool, national: bool) -> tuple[Mapping[str, StoreFile], ...]:
        """The parts that a study may open; `national` where its legal basis honours national opt-outs [P6].

        A part that nobody is in is left out: it costs a query nothing.
        """
        wanted = [Partition.MAIN]
        wanted += [] if national else [Partition.NATIONAL]
        wanted += [Partition.OPTED_OUT] if exempt else []
        parts = (self.parts[part] for part in wanted)
        return tuple(part for part in parts if part is self.groups or _anybody(part))

    @property
    def opted_out_files(self) -> Mapping[str, Path]:
        """The file of each permission group for those with a type 1 opt-out."""
        return {group: file.path for group, file in self.parts[Partition.OPTED_OUT].items()}


def _anybody(part: Mapping[str, StoreFile]) -> bool:
    return any(rows for file in part.values() for rows in file.rows.values())


def open_store(
    store_dir: Path, *, check: Check = Check.BYTES, signers: Collection[bytes] | None = None
) -> Store:
    """Open the version that is current.

    Reading every byte takes about a second for each gigabyte; a worker that has just done so may look at sizes alone.
    `signers` are the public keys of which one must have signed it; where they are not given, nobody's signature is asked for.

    Raises:
        StoreUnavailable: codes store-missing, store-manifest, store-unsigned, store-altered, store-truncated, store-writable.
        OptOutsRefused: the list applied since it was built is altered, or made with another key.
    """
    return _with_absent(store_dir, open_built(store_dir, check=check, signers=signers))


def open_built(
    store_dir: Path, *, check: Check = Check.BYTES, signers: Collection[bytes] | None = None
) -> Store:
    """As `open_store`, but as it was built: without a list that was applied since. Nothing is asked of it for a study.

    Raises:
        StoreUnavailable: as `open_store`.
    """
    folder = _current(store_dir)
    manifest = _read_manifest(folder)
    if signers is not None:
        _check_signature(folder, manifest, signers)
    store = _from_manifest(folder, manifest)
    for part in store.parts.values():
        for file in part.values():
            _check_file(file, check)
    return store


def _with_absent(store_dir: Path, store: Store) -> Store:
    """The store under the newest list of opt-outs: its own, or one applied since it was built."""
    made_for = MadeFor(store.backend, store.key_version, Kind.NATIONAL)
    built_with = store.built_with.get(Kind.NATIONAL, BuiltWith())
    if national := read_absent(store_dir, made_for, built_with=built_with):
        store = replace(
            store,
            national_list_date=national.as_of,
            national_list_digest=national.list_digest,
            national_absent=national.path,
        )
    made_for = MadeFor(store.backend, store.key_version, Kind.TYPE_1)
    if newer := read_absent(store_dir, made_for, built_with=store.built_with[Kind.TYPE_1]):
        digest, as_of = newer.list_digest, newer.as_of
        store = replace(store, optout_list_digest=digest, optout_list_date=as_of, absent=newer.path)
    return store


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


def _check_signature(folder: Path, manifest: Mapping[str, Any], signers: Collection[bytes]) -> None:
    path = folder / SIGNATURE
    signature = path.read_bytes() if path.is_file() else b""
    if not any(_signed_by(signer, signature, canonical(manifest)) for signer in signers):
        raise _unavailable(
            "store-unsigned", "The store is not signed with this backend's key.", _REBUILD, path
        )


def _signed_by(signer: bytes, untrusted_signature: bytes, content: bytes) -> bool:
    try:
        signature = bytes.fromhex(untrusted_signature.decode("ascii"))
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, content)
    except (ValueError, InvalidSignature):
        return False
    return True


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
            national_list_date=_national_date(manifest),
            national_list_digest=(manifest["national_opt_outs"] or {"digest": ""})["digest"],
            parts=partitions,
            supplier=str(manifest.get("supplier", "")),
            built_with=_built_with(manifest),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unavailable(
            "store-manifest", "The store's manifest lacks what it must say.", _REBUILD, folder
        ) from error


def _built_with(manifest: Mapping[str, Any]) -> dict[Kind, BuiltWith]:
    told = {kind: manifest[key] for kind, key in MANIFEST_KEYS.items() if manifest[key] is not None}
    return {
        kind: BuiltWith(date.fromisoformat(each["as_of"]), each.get("document", ""))
        for kind, each in told.items()
    }


def _national_date(manifest: Mapping[str, Any]) -> date | None:
    told = manifest["national_opt_outs"]
    return date.fromisoformat(told["as_of"]) if told is not None else None


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
