"""Text to numbers and back: whole numbers, decimals, and the marks that stand for a number that is hidden.

Refuses to guess: a text that is not plainly a number is not a number.
"""

from __future__ import annotations

import re
from decimal import Decimal

_WHOLE = re.compile(r"-?[0-9]{1,15}(\.0{1,6})?")
_DECIMAL = re.compile(r"[-+]?([0-9]{1,18}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][-+]?[0-9]{1,3})?")
_MARKS = frozenset(
    "[redacted] redacted [suppressed] suppressed * ** c x .. : na n/a nan null none <na> #n/a low".split()  # noqa: SIM905
)
_BELOW = re.compile(r"(<|<=|≤|≦)\s?[0-9]{1,3}|[01]\s?[-\u2013]\s?[0-9]{1,2}")


def whole(text: str) -> int | None:
    """The integer that the text plainly is (`12`, `12.0`), or None."""
    return int(text.split(".", maxsplit=1)[0]) if _WHOLE.fullmatch(text) else None


def decimal(text: str) -> Decimal | None:
    """The decimal number that the text plainly is, or None. Infinity and not-a-number are not numbers."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def is_hidden(text: str) -> bool:
    """Whether the text stands where a number was: blank, a mark of suppression, or `<8` and the like."""
    if text.isdigit():
        return False
    return not text or text.casefold() in _MARKS or _BELOW.fullmatch(text) is not None


def plain(value: Decimal, figures: int) -> str:
    """The number to some significant figures, without an exponent, trailing zeros or a negative zero."""
    if value == 0:
        return "0"
    places = figures - 1 - value.adjusted()
    short = round(value, places)
    text = format(short, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def figures_of(text: str) -> int:
    """How many significant figures a decimal text shows; trailing zeros of a whole number do not count."""
    digits = re.sub(r"[eE].*", "", text).replace("-", "").replace("+", "")
    bare = digits.replace(".", "").lstrip("0")
    return len(bare if "." in digits else bare.rstrip("0"))
