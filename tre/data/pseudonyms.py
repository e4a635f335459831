"""Pseudonyms: who a person is, by a name that only this store, or only this study, knows [P2].

    site key ── HKDF ──> backend key ── HMAC(NHS number) ──> the store's pseudonym
                            └── HKDF ──> studies key ── HKDF(study) ──> study key ── HMAC(store's pseudonym) ──> the study's

HKDF runs one way, so the machine that builds a study's extract holds the studies key and can make no pseudonym from an
NHS number, and a box that holds one study's key can make no other study's. A pseudonym is 16 bytes, written as a UUID:
one byte of key version, fifteen of HMAC-SHA256 (2^60 people before a likely collision). DuckDB compares those twice as
fast as text.

This is the only module that touches a secret; ingest, extract and the custody of keys alone import it. It refuses a key file that others may
read, that lies within the store, or that is of another kind than the work at hand needs.
"""

import hashlib
import hmac
import json
import os
import stat
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tre.data.errors import KeyRefused, Reason
from tre.data.publish import sync

KEY_BYTES = 32
FORMAT = "tre-key-1"
MOST_VERSION = 255
_BLOCK = 64
_LONGEST_FILE = 4096
_NHS = b"tre/nhs-number/1:"
_PRACTICE = b"tre/practice/1:"
_STUDY = b"tre/study-pseudonym/1:"


class Role(StrEnum):
    """What a key may be used for."""

    SITE = "site"
    BACKEND = "backend"
    STUDIES = "studies"
    STUDY = "study"
    SIGNING = "signing"


@dataclass(frozen=True)
class Key:
    """A secret of 32 bytes, its role, the scope it was derived for, and its version (1 to 255)."""

    role: Role
    version: int
    scope: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that is too short to be one."""
        if len(self.secret) != KEY_BYTES or not 1 <= self.version <= MOST_VERSION:
            raise _refused("key-malformed", f"A key is {KEY_BYTES} bytes with a version from 1 to 255.")

    @property
    def fingerprint(self) -> str:
        """Eight bytes by which people can tell keys apart; says nothing about the secret."""
        return hmac.new(self.secret, b"tre/fingerprint/1", hashlib.sha256).hexdigest()[:16]


@dataclass(frozen=True)
class Hasher:
    """HMAC-SHA256 under one key, prepared so that DuckDB can apply it to a column: the two padded blocks."""

    version: int
    inner: bytes = field(repr=False)
    outer: bytes = field(repr=False)

    def of(self, message: bytes) -> str:
        """The pseudonym of one message, as a UUID."""
        digest = hashlib.sha256(self.outer + hashlib.sha256(self.inner + message).digest()).digest()
        return str(uuid.UUID(bytes=bytes([self.version]) + digest[:15]))


def create_key(
    path: Path, randomness: bytes, *, role: Role = Role.SITE, version: int = 1, outside: Sequence[Path] = ()
) -> Key:
    """Write a new key of 32 random bytes to `path`, readable by its owner alone.

    Raises:
        KeyRefused: there is a file already, it would lie within one of `outside`, or the randomness is not 32 bytes.
    """
    key = Key(role=role, version=version, scope="", secret=randomness)
    save_key(key, path, outside=outside)
    return key


def save_key(key: Key, path: Path, *, outside: Sequence[Path] = ()) -> None:
    """Write a key (the studies key, say, for the machine that builds extracts) to a new file of mode 0600.

    Raises:
        KeyRefused: as `create_key`.
    """
    _check_outside(path, outside)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise _refused(
            "key-exists", "There is a key there already; it will not be replaced.", path
        ) from error
    content = {"role": key.role, "version": key.version, "scope": key.scope, "secret": key.secret.hex()}
    with os.fdopen(handle, "w") as file:
        json.dump({"format": FORMAT, **content}, file)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def load_key(path: Path, *, outside: Sequence[Path] = ()) -> Key:
    """Read a key that nobody else may read and that lies outside every folder of `outside` (the stores).

    Raises:
        KeyRefused: it is missing, exposed, misplaced, or not a key.
    """
    _check_outside(path, outside)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise _refused("key-missing", "There is no key file that can be opened.", path) from error
    try:
        _check_private(os.fstat(handle), path)
        untrusted = os.read(handle, _LONGEST_FILE)
    finally:
        os.close(handle)
    return parse_key(untrusted, str(path))


def _check_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refused("key-not-a-file", "A key must be a plain file.", path)
    if status.st_mode & 0o077:
        raise _refused(
            "key-exposed", "Others than its owner may read the key file.", path, "Run chmod 600 on it."
        )
    if status.st_uid not in {0, os.geteuid()}:
        raise _refused(
            "key-owner", "The key file belongs to somebody else.", path, "Give it to this account."
        )


def _check_outside(path: Path, folders: Sequence[Path]) -> None:
    for folder in folders:
        if path.resolve().is_relative_to(folder.resolve()):
            raise _refused(
                "key-in-store", "The key would lie with the data it protects.", path, "Keep it apart."
            )


def parse_key(untrusted: bytes, where: str) -> Key:
    """The key that a key file's bytes are; `where` is only said in a refusal.

    Raises:
        KeyRefused: they are not a key.
    """
    try:
        fields = dict(json.loads(untrusted))
        kind = fields.pop("format")
        secret = bytes.fromhex(fields.pop("secret"))
        key = Key(Role(fields.pop("role")), int(fields.pop("version")), str(fields.pop("scope")), secret)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise _refused("key-malformed", "This is not a key.", where) from error
    if fields or kind != FORMAT:
        raise _refused("key-malformed", "This is not a key of a format that is known.", where)
    return key


def backend_key(key: Key, backend: str) -> Key:
    """The key of one backend: derived from the site's, or the backend's own.

    Raises:
        KeyRefused: the key is another backend's, or may not make pseudonyms.
    """
    if key.role is Role.BACKEND and key.scope == backend:
        return key
    return _derive(_require(key, Role.SITE), Role.BACKEND, backend)


def studies_key(key: Key, backend: str) -> Key:
    """The key from which the studies of one backend get theirs. It cannot make a pseudonym of an NHS number.

    Raises:
        KeyRefused: the key is neither the site's nor this backend's.
    """
    return _derive(backend_key(key, backend), Role.STUDIES, backend)


def signing_seed(key: Key, backend: str) -> bytes:
    """The seed from which the signature over a backend's stores is made; its public half may lie anywhere.

    Raises:
        KeyRefused: the key is neither the site's nor this backend's.
    """
    return _derive(backend_key(key, backend), Role.SIGNING, backend).secret


def study_key(key: Key, study: str) -> Key:
    """The key of one study in one backend.

    Raises:
        KeyRefused: the key is not a studies key.
    """
    return _derive(_require(key, Role.STUDIES), Role.STUDY, f"{key.scope}/{study}")


def _derive(key: Key, role: Role, scope: str) -> Key:
    if not scope or "\0" in scope:
        raise _refused("key-scope", "A key is derived for a named backend or study.")
    info = b"\0".join([b"tre/derive/1", role.value.encode(), scope.encode()])
    secret = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key.secret)
    return Key(role, key.version, scope, secret)


def _require(key: Key, role: Role) -> Key:
    if key.role is not role:
        raise _refused("key-role", f"This work needs a {role} key and was given a {key.role} key.")
    return key


def nhs_number_hasher(key: Key) -> Hasher:
    """What turns an NHS number of ten digits into the store's pseudonym.

    Raises:
        KeyRefused: the key is not a backend's.
    """
    return _hasher(_require(key, Role.BACKEND), _NHS)


def practice_hasher(key: Key) -> Hasher:
    """What turns a practice code into the store's pseudonym for it.

    Raises:
        KeyRefused: the key is not a backend's.
    """
    return _hasher(_require(key, Role.BACKEND), _PRACTICE)


def study_hasher(key: Key) -> Hasher:
    """What turns the store's pseudonym, written as a UUID, into the study's.

    Raises:
        KeyRefused: the key is not a study's.
    """
    return _hasher(_require(key, Role.STUDY), _STUDY)


def _hasher(key: Key, domain: bytes) -> Hasher:
    padded = key.secret.ljust(_BLOCK, b"\0")
    inner = bytes(byte ^ 0x36 for byte in padded) + domain
    outer = bytes(byte ^ 0x5C for byte in padded)
    return Hasher(key.version, inner, outer)


def pseudonym(key: Key, nhs_number: str) -> str:
    """The store's pseudonym of one NHS number.

    Raises:
        KeyRefused: the key is not a backend's.
        ValueError: it is not an NHS number; the message does not repeat it.
    """
    digits = nhs_number.replace(" ", "").replace("-", "")
    if not valid_nhs_number(digits):
        raise ValueError("not an NHS number")
    return nhs_number_hasher(key).of(digits.encode())


def study_pseudonym(key: Key, store_pseudonym: str) -> str:
    """The study's pseudonym of a person, from the store's.

    Raises:
        KeyRefused: the key is not a study's.
    """
    return study_hasher(key).of(str(uuid.UUID(store_pseudonym)).encode())


def valid_nhs_number(digits: str) -> bool:
    """Ten digits of which the last is the modulus-11 check digit of the others."""
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004 - an NHS number's length
        return False
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return (11 - total % 11) % 11 == int(digits[9])


def _refused(code: str, sentence: str, path: Path | str | None = None, fix: str = "") -> KeyRefused:
    return KeyRefused(Reason(code, sentence, fix or "See the manual's page on keys.", str(path or "")))
