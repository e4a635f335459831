"""The custody of keys: made, rotated, put in escrow and opened [P2]. It makes no pseudonym.

It refuses to replace a key, to put one where the data is, and to hand an ingest a key of another backend.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tre.data import escrow, key_providers
from tre.data.errors import KeyRefused, Reason
from tre.data.keyring import KeyRing
from tre.data.pseudonyms import (
    Key,
    backend_key,
    create_key,
    load_key,
    parse_key,
    save_key,
    signing_seed,
    studies_key,
)
from tre.data.signed import public_of

SiteKey = Key
"""What callers who may not open the room of keys call the key they pass on."""


def make_keys(
    site: KeyRing, backends: Mapping[str, KeyRing], randomness: bytes, *, outside: Sequence[Path]
) -> None:
    """Make the site's key from 32 random bytes and, from it, the keys of each backend: the first of their version.

    Raises:
        KeyRefused: a key is there already, would lie with the data, or the randomness is not 32 bytes.
    """
    _make(site, backends, randomness, version=1, outside=outside)


def rotate(
    site: KeyRing, backends: Mapping[str, KeyRing], randomness: bytes, *, outside: Sequence[Path]
) -> int:
    """Make the keys of the next version; returns it. The next ingest of each backend gives everybody new pseudonyms.

    Until then its store is read with the keys it was built with, so that a study's extracts go on agreeing.
    """
    version = site.newest + 1
    _make(site, backends, randomness, version=version, outside=outside)
    return version


def _make(
    site: KeyRing,
    backends: Mapping[str, KeyRing],
    randomness: bytes,
    *,
    version: int,
    outside: Sequence[Path],
) -> None:
    key = create_key(site.site(version), randomness, version=version, outside=outside)
    for backend, ring in backends.items():
        ring.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        save_key(backend_key(key, backend), ring.backend(version), outside=outside)
        save_key(studies_key(key, backend), ring.studies(version), outside=outside)
        ring.signer(version).write_text(public_of(signing_seed(key, backend)).hex(), "ascii")


def retire(ring: KeyRing, version: int, *, built_with: int | None) -> None:
    """Destroy a backend's keys of an older version: nobody can say any more who a pseudonym of that version is.

    Raises:
        KeyRefused: it is the newest, there is none, or a store still stands on it.
    """
    if version not in ring.versions or version in {ring.newest, built_with}:
        sentence = "That version is the newest, is not there, or the store was built with it."
        raise KeyRefused(
            Reason("key-in-use", sentence, "Ingest with the newest key first.", f"version {version}")
        )
    for path in (ring.backend(version), ring.studies(version), ring.signer(version)):
        path.unlink(missing_ok=True)


def open_site_key(site: KeyRing, *, outside: Sequence[Path]) -> SiteKey:
    """The site's newest key, kept outside every store.

    Raises:
        KeyRefused: it is missing, exposed, or lies with the data.
    """
    return load_key(site.site(site.newest), outside=outside)


def open_backend_key(
    ring: KeyRing, backend: str, *, outside: Sequence[Path], version: int | None = None, provider: str = ""
) -> SiteKey:
    """A backend's key: from a provider where one is named, else its file of that version, or of the newest.

    Raises:
        KeyRefused: it cannot be had, is exposed, lies with the data, or is another backend's.
    """
    if provider.startswith(key_providers.SCHEME):
        key = parse_key(key_providers.vault(provider).fetch(), key_providers.SCHEME)
    elif provider:
        key = load_key(Path(provider), outside=outside)
    else:
        key = load_key(ring.backend(ring.newest if version is None else version), outside=outside)
    return backend_key(key, backend)


def split_key(path: Path, randomness: bytes, *, outside: Sequence[Path]) -> tuple[str, str, str]:
    """A key file in three parts, each to be kept by another person; any two give it back.

    `randomness` is `escrow_bytes(path)` random bytes.

    Raises:
        KeyRefused: it is not a key.
    """
    load_key(path, outside=outside)
    first, second, third = escrow.split(path.read_bytes(), randomness)
    return first.to_json(), second.to_json(), third.to_json()


def escrow_bytes(path: Path) -> int:
    """How many random bytes splitting a key file takes."""
    return escrow.randomness_for(path.stat().st_size)


def join_key(untrusted_parts: Sequence[str], into: Path, *, outside: Sequence[Path]) -> str:
    """Put a key together from two parts and write it to a new file; returns its fingerprint.

    Raises:
        KeyRefused: the parts do not make a key, or there is a file already.
    """
    content = escrow.join([escrow.read_part(part) for part in untrusted_parts])
    key = parse_key(content, "the parts")
    save_key(key, into, outside=outside)
    return key.fingerprint


__all__ = [
    "SiteKey",
    "escrow_bytes",
    "join_key",
    "make_keys",
    "open_backend_key",
    "open_site_key",
    "retire",
    "rotate",
    "split_key",
]
