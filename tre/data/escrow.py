"""Escrow: a key file in three parts, of which any two give it back and one says nothing (Shamir, 2 of 3).

Each part goes to another person. Two of them meet when the key's machine is lost, or when it must be shown that the key was
kept. The secret is the whole key file, byte by byte the constant of a line over GF(256); each part is a point on every line.

It refuses two copies of one part, parts of two different keys, and a part that was altered: the digest inside the secret
must hold when the parts are put together.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from tre.data.errors import KeyRefused, Reason

FORMAT = "tre-escrow-1"
PARTS = (1, 2, 3)
NEEDED = 2
_DIGEST = 16
_REDUCE = 0x11B


@dataclass(frozen=True)
class Part:
    """One person's part: its number (1 to 3), which splitting it is from, and its bytes."""

    number: int
    splitting: str
    value: bytes = field(repr=False)

    def to_json(self) -> str:
        """What the person keeps, on paper or on a card."""
        return json.dumps(
            {"format": FORMAT, "part": self.number, "splitting": self.splitting, "value": self.value.hex()}
        )


def read_part(untrusted: str) -> Part:
    """Read a part back.

    Raises:
        KeyRefused: it is not a part.
    """
    try:
        content = json.loads(untrusted)
        part = Part(int(content["part"]), str(content["splitting"]), bytes.fromhex(content["value"]))
        known = content["format"] == FORMAT and part.number in PARTS
    except (ValueError, KeyError, TypeError) as error:
        raise _refused("escrow-malformed", "This is not a part of a key.") from error
    if not known:
        raise _refused("escrow-malformed", "This is not a part of a key of a format that is known.")
    return part


def randomness_for(size: int) -> int:
    """How many random bytes it takes to split a file of that many."""
    return size + _DIGEST


def split(key_file: bytes, randomness: bytes) -> tuple[Part, Part, Part]:
    """Split a key file; `randomness` is as many random bytes as the file has, and sixteen more.

    Raises:
        KeyRefused: there is nothing to split, or too little randomness.
    """
    secret = hashlib.sha256(key_file).digest()[:_DIGEST] + key_file
    if not key_file or len(randomness) != len(secret):
        raise _refused("escrow-randomness", f"Splitting this file takes {len(secret)} random bytes.")
    # Named by its slopes' digest, so that parts of two splittings of one key are told apart and say nothing of it.
    splitting = hashlib.sha256(b"tre/escrow/1" + randomness).hexdigest()[:16]
    parts = (
        Part(
            number,
            splitting,
            bytes(
                constant ^ _times(slope, number) for constant, slope in zip(secret, randomness, strict=True)
            ),
        )
        for number in PARTS
    )
    first, second, third = parts
    return first, second, third


def join(parts: Sequence[Part]) -> bytes:
    """Put two parts together; returns the key file.

    Raises:
        KeyRefused: fewer than two different parts, parts of two splittings, or one that was altered.
    """
    distinct = tuple({part.number: part for part in parts}.values())
    if len(distinct) < NEEDED:
        raise _refused("escrow-too-few", "It takes two different parts.")
    if len({(part.splitting, len(part.value)) for part in parts}) != 1:
        raise _refused("escrow-mixed", "These parts are not of the same splitting.")
    first, second = distinct[:NEEDED]
    # The line's constant by Lagrange: in this field minus is plus, and both weights share one divisor.
    divisor = _inverse(first.number ^ second.number)
    weights = (_times(second.number, divisor), _times(first.number, divisor))
    pairs = zip(first.value, second.value, strict=True)
    secret = bytes(_times(one, weights[0]) ^ _times(two, weights[1]) for one, two in pairs)
    key_file = secret[_DIGEST:]
    if hashlib.sha256(key_file).digest()[:_DIGEST] != secret[:_DIGEST]:
        raise _refused("escrow-altered", "These parts do not make a key; one of them was altered.")
    return key_file


def _times(one: int, two: int) -> int:
    product = 0
    while two:
        if two & 1:
            product ^= one
        one = one << 1 ^ (_REDUCE if one & 0x80 else 0)
        two >>= 1
    return product


def _inverse(value: int) -> int:
    """The power 254, which in GF(256) is the inverse."""
    result = 1
    for _ in range(254):
        result = _times(result, value)
    return result


def _refused(code: str, sentence: str) -> KeyRefused:
    return KeyRefused(Reason(code, sentence, "Ask another of the three who hold a part."))
