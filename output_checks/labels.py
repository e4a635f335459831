"""Labels as they are compared: the same value under its several spellings is one label.

Refuses nothing. `2020`, `2020.0` and `2.020e3` are one year, `True` and `yes` one truth, `nan` and a blank the same gap, and
every word for a total is a total: which spelling a program chose says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from output_checks.formats.cells import tidy
from output_checks.numerals import decimal, is_hidden

TOTAL_WORDS = frozenset(
    {
        "total",
        "totals",
        "all",
        "(all)",
        "overall",
        "any",
        "both",
        "everyone",
        "grand total",
        "sum",
        "all persons",
    }
)
MISSING_WORDS = frozenset({"nan", "none", "null", "na", "<na>", "nat", "missing", "unknown"})
TRUTHS: Mapping[str, str] = {"yes": "1", "t": "1", "no": "0", "f": "0"}
"""What DuckDB reads from CSV as true and false, besides those words; a column of such words comes as truths."""
TOTAL, MISSING = "Total", "missing"
"""How a table of study code says, whatever word its program chose, that a row is of everybody, and that a value is not there."""
_MIDNIGHT = " 00:00:00"


def canonical(text: str) -> str:
    """A label as it is compared: tidied, numbers without their spelling, dates without a midnight, truths as 1 and 0."""
    plain = tidy(text).removesuffix(_MIDNIGHT)
    number = decimal(plain)
    if number is not None:
        return format(number.normalize() + 0, "f")
    return {"true": "1", "false": "0"}.get(plain.casefold(), plain)


def is_missing(label: str) -> bool:
    """Whether a label stands for a value that is not there."""
    return is_hidden(label) or label.casefold() in MISSING_WORDS


def folded(label: str) -> str:
    """One text for all the spellings of a label, for looking rows of one table up in another."""
    plain = label.casefold()
    if plain in TOTAL_WORDS:
        return TOTAL
    return MISSING if is_missing(label) else TRUTHS.get(plain, canonical(label))
