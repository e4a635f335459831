"""Only kinds of file that can be read, and only ones that are what their name says.

Refuses every other: a file that cannot be read cannot be judged, and formats that carry more than they show are
converted by the person who made them.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.formats.refusal import Unreadable
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject


def _look(subject: Subject) -> Iterator[Because]:
    document = subject.document
    if isinstance(document, Unreadable) and document.check == RULE.name:
        yield refuse(document.reason, document.fix)


RULE = Rule("file_type", "P9", _look)
