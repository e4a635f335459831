"""Every output says what it is. One that does not can be judged only by a person, if the site allows it at all."""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.model import Opaque
from output_checks.rule import Because, Rule, review
from output_checks.subject import Subject


def _look(subject: Subject) -> Iterator[Because]:
    if subject.table is not None and subject.guessed and subject.fault is None:
        fix = "Declare its statistic, its dimensions and the role of each column beside the output's path."
        yield review("Nothing says what the numbers in this table are.", fix)
    if isinstance(subject.document, Opaque) and subject.declaration is None and subject.fault is None:
        fix = (
            "Declare it as a figure with its underlying table, or as text with the reason why it must leave."
        )
        yield review("Nothing says what this file is for.", fix)


RULE = Rule("undeclared", "P9", _look)
