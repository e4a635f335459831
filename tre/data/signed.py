"""Documents that information governance signs: opt-out lists and exempt studies.

A signed document is one JSON object, `content` with its `format`, the `signature` (Ed25519 over the canonical content) and
the `signer`'s public key. It refuses a signer who is not named by the caller, a signature that does not hold, and bytes
that are not the canonical ones.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MOST_BYTES = 1 << 30


class BadSignature(Exception):
    """The document is not signed by anyone who may sign it, or is not what was signed."""


def public_of(private: bytes) -> bytes:
    """The public half of a 32-byte signing key."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


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
