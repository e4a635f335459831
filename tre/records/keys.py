"""Ed25519 keys that sign what leaves the ledger's hands: checkpoints and release statements [P13].

A signature is made for a named purpose, so that one made for a checkpoint is never taken for another thing. Refuses a
key file that anyone but its owner could read, to write over a key, and to make a key from anything but 32 bytes that
the caller vouches for.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tre.records.durable import sync
from tre.records.errors import KeyRefused

SEED_BYTES = 32
_MOST_BYTES = 4096
_NOBODY_ELSE = 0o077


@dataclass(frozen=True)
class PublicKey:
    """What verifies: its 32 raw bytes; ``id`` is the first half of their SHA-256."""

    raw: bytes

    @property
    def id(self) -> str:
        """The name by which a signature says whose it is."""
        return hashlib.sha256(self.raw).hexdigest()[:32]

    def verifies(self, signature: str, message: bytes, *, purpose: str) -> bool:
        """Whether this key signed that message for that purpose."""
        return self.signed(signature, _bound(message, purpose))

    def signed(self, signature: str, message: bytes) -> bool:
        """Whether this key signed exactly that message, whose own first words say what it is for."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def pem(self) -> bytes:
        """The key as other tools read it: SubjectPublicKeyInfo, in PEM."""
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(serialization.Encoding.PEM, kind)


class SigningKey:
    """What signs. Never printed: its representation names only the public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = PublicKey(private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"SigningKey({self.public.id})"

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The key that these 32 bytes make.

        Raises:
            KeyRefused: they are not 32 bytes.
        """
        if len(seed) != SEED_BYTES:
            raise KeyRefused(
                "key-seed-wrong",
                f"A key is made from {SEED_BYTES} random bytes, not {len(seed)}.",
                fix="Draw them from the system's random source.",
            )
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes, *, purpose: str) -> str:
        """The signature, in hexadecimal, over the message for that purpose."""
        return self._private.sign(_bound(message, purpose)).hex()

    def sign_encoded(self, message: bytes) -> str:
        """The signature over a message whose own first words say what it is for, as a DSSE encoding's do.

        Raises:
            KeyRefused: it begins as something of ours does, or does not say what it is.
        """
        if not message.startswith(b"DSSEv1 "):
            raise KeyRefused(
                "not-an-encoding",
                "What is to be signed does not say what it is.",
                fix="Sign it for a purpose.",
            )
        return self._private.sign(message).hex()


def create_key(path: Path, seed: bytes) -> SigningKey:
    """Make a key from 32 random bytes; keep it at ``path`` (0600) and its public half at ``path`` + ``.pub``.

    Raises:
        KeyRefused: there is a file there already, or the bytes are not 32.
    """
    key = SigningKey.from_seed(seed)
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key._private.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password)  # noqa: SLF001 - the key's own maker
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_new(path, private, mode=0o600)
    _write_new(public_path(path), f"{key.public.raw.hex()}\n".encode(), mode=0o644)
    return key


def load_key(path: Path) -> SigningKey:
    """The key kept at ``path``.

    Raises:
        KeyRefused: it is not there, is not a key, or anyone but its owner could read it.
    """
    untrusted = _read(path, private=True)
    try:
        key = serialization.load_pem_private_key(untrusted, password=None)
    except (ValueError, TypeError) as error:
        raise _not_a_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key(path)
    return SigningKey(key)


def load_public_key(path: Path) -> PublicKey:
    """The public key kept at ``path``: 64 hexadecimal digits.

    Raises:
        KeyRefused: it is not there or is not a public key.
    """
    untrusted = _read(path, private=False)
    try:
        raw = bytes.fromhex(untrusted.decode("ascii"))
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise _not_a_key(path) from error
    return PublicKey(raw)


def secret_of(path: Path, seed: bytes) -> bytes:
    """The 32 secret bytes kept at ``path`` (0600); these, where nothing is kept there yet.

    Raises:
        KeyRefused: they are not 32 bytes, or anyone but their owner could read them.
    """
    if not path.exists():
        if len(seed) != SEED_BYTES:
            raise _not_a_key(path)
        _write_new(path, f"{seed.hex()}\n".encode(), mode=0o600)
    try:
        return bytes.fromhex(_read(path, private=True).decode("ascii"))
    except ValueError as error:
        raise _not_a_key(path) from error


def public_path(path: Path) -> Path:
    """Where the public half of the key at ``path`` is kept."""
    return path.with_name(f"{path.name}.pub")


def _bound(message: bytes, purpose: str) -> bytes:
    return b"tre/" + purpose.encode() + b"\0" + message


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise KeyRefused(
            "key-exists", f"There is a file at {path.name} already.", fix="Keep it, or name another place."
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def _read(path: Path, *, private: bool) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyRefused(
            "key-missing", f"No key can be read at {path.name}.", fix="Check the place, or create a key."
        ) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _not_a_key(path)
        if private and (found.st_mode & _NOBODY_ELSE or found.st_uid not in {0, os.geteuid()}):
            raise KeyRefused(
                "key-exposed",
                f"The key at {path.name} can be read, or was written, by others than this account.",
                fix=f"Treat it as known to others: make a new key. If you are sure it is not: chmod 600 {path.name}.",
            )
        return os.read(handle, _MOST_BYTES)
    finally:
        os.close(handle)


def _not_a_key(path: Path) -> KeyRefused:
    return KeyRefused(
        "key-unreadable", f"The file {path.name} is not an Ed25519 key.", fix="Name the right file."
    )
