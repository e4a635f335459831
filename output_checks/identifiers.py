"""Recognising what points at one person: NHS and CHI numbers by their check digit, postcodes, e-mails, pseudonyms.

Refuses nothing itself. It looks through spacing, punctuation, full-width digits, hexadecimal and base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

_GAP = r"[\s.\-_/·]{0,3}"
_TEN = re.compile(rf"(?<![0-9])(?:[0-9]{_GAP}){{9}}[0-9](?![0-9])")
_ZERO_PADDED = re.compile(r"(?<![0-9.])0{1,8}([1-9][0-9]{9})(?![0-9])")
_POSTCODE = re.compile(
    r"(?<![A-Z0-9])(GIR ?0AA|[A-PR-UWYZ]([0-9]{1,2}|[A-HK-Y][0-9]([0-9]|[ABEHMNPRV-Y])?|[0-9][A-HJKPS-UW])"
    r" {0,2}[0-9][ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@,;:]{1,64}@[^\s@,;:]{1,200}\.[a-z]{2,}", re.IGNORECASE)
_HEX = re.compile(
    r"(?<![0-9a-f])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{16,}(?![0-9a-f])", re.IGNORECASE
)
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_PACKED = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/=_-])")
_HEX_DIGITS = re.compile(r"(?<![0-9a-f])(0x)?([0-9a-f]{8,9}|[0-9a-f]{20,})(?![0-9a-f])", re.IGNORECASE)
_LENGTH, _CHECKED = 10, 9
_DAYS, _MONTHS = 31, 12


def ten_digits(text: str) -> Iterator[str]:
    """Every run of exactly ten digits in a text, whatever stands between them."""
    for found in _TEN.finditer(text):
        yield re.sub(r"[^0-9]", "", found.group())
    for found in _ZERO_PADDED.finditer(text):
        yield found.group(1)


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits carry the check digit of an NHS number (modulus 11); ten equal digits are no number."""
    if len(digits) != _LENGTH or not (digits.isascii() and digits.isdigit()) or len(set(digits)) == 1:
        return False
    weighed = sum(int(digit) * (_LENGTH - at) for at, digit in enumerate(digits[:_CHECKED]))
    return (11 - weighed % 11) % 11 == int(digits[-1])


def is_chi_number(digits: str) -> bool:
    """Whether an NHS number begins with a day, a month and a year, as Scotland's CHI numbers do."""
    day, month = int(digits[:2]), int(digits[2:4])
    return is_nhs_number(digits) and 1 <= day <= _DAYS and 1 <= month <= _MONTHS


def is_clinical_code(digits: str) -> bool:
    """Whether ten digits are a well-formed SNOMED CT identifier: its check digit and its kind are right."""
    return digits[-3:-1] in ("00", "01", "02", "10", "11", "12") and _verhoeff(digits)


def has_postcode(text: str) -> bool:
    """Whether a full postcode stands in a text."""
    return bool(_POSTCODE.search(text))


def has_email(text: str) -> bool:
    """Whether an e-mail address stands in a text."""
    return bool(_EMAIL.search(text))


def looks_like_pseudonym(text: str) -> bool:
    """Whether a text holds a hash or a UUID."""
    return bool(_HEX.search(text) or _UUID.search(text))


def unpacked(text: str) -> Iterator[str]:
    """What a text says once more when read as hexadecimal or base64; only what comes out printable."""
    for found in _HEX_DIGITS.finditer(text):
        yield str(int(found.group(2), 16))
        yield from _printable(_from_hex(found.group(2)))
    for found in _PACKED.finditer(text):
        yield from _printable(_from_base64(found.group()))


def is_known(text: str, pseudonyms: frozenset[str]) -> bool:
    """Whether a text is one of some pseudonyms, which may be held plain or as sha256."""
    forms = {text, text.lstrip("0"), text.casefold(), *unpacked(text)}
    return any(form in pseudonyms or _hashed(form) in pseudonyms for form in forms if form)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _from_hex(text: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except binascii.Error:
        return b""


def _from_base64(text: str) -> bytes:
    padded = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_") + "=" * (-len(padded) % 4))
    except (binascii.Error, ValueError):
        return b""


def _printable(raw: bytes) -> Iterator[str]:
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        return
    if text and text.isprintable():
        yield text


_TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURNED = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def _verhoeff(digits: str) -> bool:
    check = 0
    for at, digit in enumerate(reversed(digits)):
        check = int(_TIMES[check][int(_TURNED[at % 8][int(digit)])])
    return check == 0
