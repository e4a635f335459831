"""Names of files that are read before anything runs [P11].

Leaves to a person a file whose name its program chose, under a pattern with a `*`: which files there are, and what they are
called, could be a message. Refuses a name in which an identifier stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from output_checks.checks.identifiers import kinds_in
from output_checks.identifiers import is_known
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_NAME_IT = "Declare each file by its whole path, without a `*`."


def _look(subject: Subject) -> Iterator[Because]:
    if not subject.offered.named_freely:
        return
    stem = PurePosixPath(subject.path).stem
    words = [stem, *stem.replace("-", "_").split("_")]
    known = subject.offered.pseudonyms or frozenset()
    if any(True for _ in kinds_in(stem)) or any(is_known(word, known) for word in words):
        yield refuse("The name of the file has an identifier in it.", _NAME_IT)
    reason = "The program chose the name of this file, and how many there are: either could be a message."
    yield review(reason, _NAME_IT)


RULE = Rule("file_names", "P11", _look)
