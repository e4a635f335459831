"""Figures and words: opaque, so a person decides, with what is underneath in hand.

Refuses a figure without its underlying table, a kind of file that its declaration does not go with, and a table that
is offered as words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from output_checks.model import Opaque
from output_checks.numerals import decimal
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_FEW_LINES = 4
_MOST = 0.5


def _look(subject: Subject) -> Iterator[Because]:
    document = subject.document
    kind = subject.declaration.kind if subject.declaration else None
    if not isinstance(document, Opaque):
        if kind in ("figure", "text"):
            fix = "Declare the statistic of the table itself."
            yield refuse("A table is declared as a figure or as text.", fix)
        return
    if document.kind in ("picture", "drawing"):
        yield from _picture(subject, kind)
    elif is_table(document.words):
        yield refuse("A table is offered as words.", "Save it as CSV and declare its statistic.")
    elif kind not in (None, "text"):
        yield refuse(
            "Words are declared as a table.", "Write the table as CSV, or declare text with the reason why."
        )
    elif kind == "text":
        yield review("Words must be read by a person.", "Keep them short, and say why they must leave.")


def _picture(subject: Subject, kind: str | None) -> Iterator[Because]:
    beside = subject.offered.beside
    underlying = subject.declaration.extra.get("underlying") if subject.declaration else None
    if kind == "figure" and beside is not None and underlying not in beside:
        yield refuse(
            "The counts underneath a figure are missing.",
            "Offer the table that it shows in the same request.",
        )
    elif kind == "figure":
        yield review(
            "A picture must be looked at by a person, beside its table.",
            "Offer the table in the same request.",
        )
    elif kind is not None:
        fix = "Declare it as a figure, and name the declared table that it shows as `underlying`."
        yield refuse("A picture is declared as a table.", fix)
    else:
        fix = "Declare it as a figure, and offer the table that it shows."
        yield refuse("The counts underneath a figure are missing.", fix)


def is_table(words: str) -> bool:
    """Whether most lines of some words are cut into the same number of parts, or are numbers alone."""
    lines = [line for line in words.split("\n") if line.strip()]
    if len(lines) < _FEW_LINES:
        return False
    cuts = [tuple(line.count(each) for each in ",;\t|") for line in lines]
    gaps = [len(re.findall(r"\S\s+(?=\S)", line)) if re.search(r"[0-9]", line) else 0 for line in lines]
    common, times = Counter(cuts).most_common(1)[0]
    width, often = Counter(gaps).most_common(1)[0]
    most = len(lines) * _MOST
    return (any(common) and times > most) or (width > 0 and often > most) or sum(map(is_number, lines)) > most


def is_number(line: str) -> bool:
    """Whether a line holds nothing but a number."""
    return decimal(line.strip()) is not None


RULE = Rule("figures", "P9", _look)
