"""Figures and words: opaque, so a person decides, with what is underneath in hand.

Refuses a figure without its underlying table, and a kind of file that its declaration does not go with.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.model import Opaque
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject


def _look(subject: Subject) -> Iterator[Because]:
    document = subject.document
    kind = subject.declaration.kind if subject.declaration else None
    if not isinstance(document, Opaque):
        if kind in ("figure", "text"):
            fix = "Declare the statistic of the table itself."
            yield refuse("A table is declared as a figure or as text.", fix)
        return
    if document.kind == "picture":
        yield from _picture(kind)
    elif kind not in (None, "text"):
        yield refuse(
            "Words are declared as a table.", "Write the table as CSV, or declare text with the reason why."
        )
    elif kind == "text":
        yield review("Words must be read by a person.", "Keep them short, and say why they must leave.")


def _picture(kind: str | None) -> Iterator[Because]:
    if kind == "figure":
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


RULE = Rule("figures", "P9", _look)
