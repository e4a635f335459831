"""Documents that information governance signs: opt-out lists and exempt studies.

A signed document is one JSON object, `content` with its `format`, the `signature` (Ed25519 over the canonical content) and
the `signer`'s public key. It refuses a signer who is not named by the caller, a signature that does not hold, and bytes
that are not the canonical ones.
"""

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tre.data.errors import KeyRefused, Reason

MOST_BYTES = 1 << 30


class BadSignature(Exception):
    """The document is not signed by anyone who may sign it, or is not what was signed."""


def public_of(private: bytes) -> bytes:
    """The public half of a 32-byte signing key."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def new_signing_key(path: Path, randomness: bytes) -> bytes:
    """Write a new signing key of 32 random bytes to a new file for its owner alone; returns its public half.

    Raises:
        FileExistsError: there is a file already.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(randomness.hex())
    return public_of(randomness)


def open_signing_key(path: Path) -> bytes:
    """A signing key from its file.

    Raises:
        KeyRefused: it is not there, others may read it, or it is no key.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise KeyRefused(
                Reason("key-exposed", "Others may read the signing key.", "Run chmod 600 on it.", str(path))
            )
        private = bytes.fromhex(path.read_text("ascii"))
        public_of(private)
    except (OSError, ValueError) as error:
        sentence = "There is no signing key that can be opened."
        fix = "Make one: `tre data opt-outs new-key`."
        raise KeyRefused(Reason("key-missing", sentence, fix, str(path))) from error
    return private


def signature_of(content: bytes, private: bytes) -> bytes:
    """An Ed25519 signature over bytes, kept beside them."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(content)


def sign(content: Mapping[str, Any], private: bytes) -> bytes:
    """Sign a document; `content` must name its `format`."""
    if not content.get("format"):
        raise ValueError("a signed document names its format")
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(_canonical(content))
    return _canonical(
        {"content": dict(content), "signature": signature.hex(), "signer": public_of(private).hex()}
    )


def verified(untrusted: bytes, *, kind: str, trusted: Collection[bytes]) -> dict[str, Any]:
    """The content of a document of that format, signed by one of the `trusted` public keys.

    Raises:
        BadSignature: it is not.
    """
    if len(untrusted) > MOST_BYTES:
        raise BadSignature("too large")
    try:
        document = json.loads(untrusted)
        content, signer = document["content"], bytes.fromhex(document["signer"])
        if signer not in trusted or content["format"] != kind:
            raise BadSignature("signer or format")
        Ed25519PublicKey.from_public_bytes(signer).verify(
            bytes.fromhex(document["signature"]), _canonical(content)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidSignature) as error:
        raise BadSignature("signature") from error
    if not isinstance(content, dict):
        raise BadSignature("content")
    return content


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
