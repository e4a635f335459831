"""Opt-outs: dated lists of people who must not be seen, and the few named studies that are exempt [P6].

Both are signed by information governance. A list names NHS numbers, so it is read where identifiers are, by ingest, and
kept nowhere else. It refuses a list that is unsigned, undated, empty of meaning, or holds what is not an NHS number.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from tre.data.errors import OptOutsRefused, Reason
from tre.data.signed import BadSignature, sign, verified

LIST = "tre-opt-outs-1"
EXEMPT = "tre-exempt-studies-1"
_DIGITS = 10


class Kind(StrEnum):
    """Which opt-out a list is of; the COVID-19 service applies type 1."""

    TYPE_1 = "type-1"
    NATIONAL = "national"


@dataclass(frozen=True)
class OptOutList:
    """Everyone of one backend who had opted out by a day. The numbers do not show when it is printed.

    `document` is the digest of the signed document it was read from, signature and all: it says which, and not who.
    """

    backend: str
    kind: Kind
    as_of: date
    numbers: frozenset[str] = field(repr=False)
    document: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse what is not an NHS number, without repeating it."""
        if not all(
            len(number) == _DIGITS and number.isascii() and number.isdigit() for number in self.numbers
        ):
            raise _refused("opt-outs-malformed", "The list holds something that is not an NHS number.")


@dataclass(frozen=True)
class Exemption:
    """One study that may see people who have opted out, from a first to a last day, and why."""

    study: str
    first: date
    last: date
    reason: str

    def __post_init__(self) -> None:
        """Refuse an exemption without a study, a reason or a length."""
        if not (self.study.strip() and self.reason.strip()) or self.last < self.first:
            raise _refused("exemption-malformed", "An exemption names a study, a reason, and days in order.")


def sign_opt_outs(opted_out: OptOutList, private: bytes) -> bytes:
    """Write a list down and sign it."""
    content = {
        "format": LIST,
        "backend": opted_out.backend,
        "kind": opted_out.kind.value,
        "as_of": opted_out.as_of.isoformat(),
        "numbers": sorted(opted_out.numbers),
    }
    return sign(content, private)


def read_opt_outs(untrusted: bytes, *, trusted: Collection[bytes]) -> OptOutList:
    """Read a signed list.

    Raises:
        OptOutsRefused: opt-outs-unsigned or opt-outs-malformed.
    """
    content = _content(untrusted, LIST, trusted)
    try:
        numbers = frozenset(str(number) for number in content["numbers"])
        return OptOutList(
            str(content["backend"]),
            Kind(content["kind"]),
            date.fromisoformat(content["as_of"]),
            numbers,
            document_digest(untrusted),
        )
    except (KeyError, TypeError, ValueError):
        raise _refused("opt-outs-malformed", "The list does not say what a list must say.") from None


def document_digest(document: bytes) -> str:
    """Which signed document it is."""
    return hashlib.sha256(document).hexdigest()


def sign_exemptions(exemptions: Iterable[Exemption], private: bytes) -> bytes:
    """Write the exempt studies down and sign them."""
    studies = [
        {
            "study": one.study,
            "first": one.first.isoformat(),
            "last": one.last.isoformat(),
            "reason": one.reason,
        }
        for one in exemptions
    ]
    return sign({"format": EXEMPT, "studies": studies}, private)


def read_exemptions(untrusted: bytes, *, trusted: Collection[bytes]) -> tuple[Exemption, ...]:
    """Read the signed list of exempt studies.

    Raises:
        OptOutsRefused: opt-outs-unsigned or exemption-malformed.
    """
    content = _content(untrusted, EXEMPT, trusted)
    try:
        return tuple(
            Exemption(
                str(one["study"]),
                date.fromisoformat(one["first"]),
                date.fromisoformat(one["last"]),
                str(one["reason"]),
            )
            for one in content["studies"]
        )
    except (KeyError, TypeError, ValueError):
        raise _refused("exemption-malformed", "The exemptions do not say what they must say.") from None


def exempt(exemptions: Iterable[Exemption], study: str, day: date) -> bool:
    """Whether a study may, on that day, see people who have opted out."""
    return any(one.study == study and one.first <= day <= one.last for one in exemptions)


def _content(untrusted: bytes, kind: str, trusted: Collection[bytes]) -> dict[str, Any]:
    try:
        return verified(untrusted, kind=kind, trusted=trusted)
    except BadSignature:
        raise _refused(
            "opt-outs-unsigned", "The document is not signed by information governance, or was altered since."
        ) from None


def _refused(code: str, sentence: str) -> OptOutsRefused:
    return OptOutsRefused(Reason(code, sentence, "Ask information governance for the signed document."))
