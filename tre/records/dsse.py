"""Signed envelopes as others read them: a DSSE envelope around an in-toto statement, with an Ed25519 signature.

The signature is over the envelope's pre-authentication encoding (``DSSEv1``, the payload's type and length, the payload),
so it can never be taken for a signature over something else of ours. Refuses an envelope that no trusted key signed, and
one of another type.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from tre.custody.encoding import canonical
from tre.records.keys import PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def pre_authentication(payload: bytes) -> bytes:
    """What is signed: the DSSE v1 encoding of a payload and its type."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope(payload: bytes, signature: str, key_id: str) -> bytes:
    """The envelope, as canonical JSON; the signature comes in hexadecimal."""
    signed = {"keyid": key_id, "sig": base64.b64encode(bytes.fromhex(signature)).decode()}
    body = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [signed],
    }
    return canonical(body)


def open_envelope(untrusted: bytes, trusted: Sequence[PublicKey]) -> bytes | None:
    """The payload, where a trusted key signed it; else nothing."""
    try:
        body: Any = json.loads(untrusted)
        payload = base64.b64decode(body["payload"], validate=True)
        signatures = [base64.b64decode(each["sig"], validate=True).hex() for each in body["signatures"]]
        fits = body["payloadType"] == PAYLOAD_TYPE
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    message = pre_authentication(payload)
    signed = any(key.signed(each, message) for key in trusted for each in signatures)
    return payload if fits and signed else None
