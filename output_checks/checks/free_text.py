"""Words are for a person to read, and their numbers are those of released tables [P10].

Refuses words that count too few people, and labels that are sentences. Points a reader at numbers that stand in no
table offered beside the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from output_checks.model import CellRef, Opaque, Table
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_PEOPLE = r"(people|persons?|patients?|individuals?|participants?|women|men|children|deaths?|cases?|males?|females?)"
_COUNTED = re.compile(
    rf"\b([0-9]{{1,3}})\s+(?:\w+\s+){{0,2}}{_PEOPLE}\b|\b{_PEOPLE}\s*[:=]\s*([0-9]{{1,3}})\b", re.IGNORECASE
)
_SMALL_WORDS = re.compile(
    rf"\b(one|two|three|four|five|six|seven|a single|only one)\s+(?:\w+\s+){{0,2}}{_PEOPLE}\b", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.])[0-9][0-9,]*(?:\.[0-9]+)?(?![\w])")
_SENTENCE = re.compile(r"(?:\b[A-Za-z']{2,}\b\W+){11,}")


def _look(subject: Subject) -> Iterator[Because]:
    if subject.table is not None:
        yield from _sentences(subject, subject.table)
    elif isinstance(subject.document, Opaque) and subject.document.words:
        yield from _words(subject, subject.document.words)


def _sentences(subject: Subject, table: Table) -> Iterator[Because]:
    for name in subject.dimensions:
        cells = [
            CellRef(row, name) for row, text in enumerate(table.column(name)) if _SENTENCE.match(text + " ")
        ]
        if cells:
            fix = "Use short labels; what people wrote stays inside."
            yield refuse("Labels are sentences.", fix, column=name, cells=cells)


def _words(subject: Subject, words: str) -> Iterator[Because]:
    if counts_few(words, subject.policy.small_max):
        fix = "Leave the number out, or say it of a larger group and round it."
        yield refuse("The words count too few people.", fix)
    shown = subject.offered.numbers
    if shown is not None and strangers(words, shown):
        fix = "Take numbers from the tables that are offered with the text, as those show them."
        yield review("Numbers in the text stand in no table that is offered with it.", fix)


def counts_few(words: str, most: int) -> bool:
    """Whether a text speaks of a number of people from 1 to `most`."""
    if _SMALL_WORDS.search(words):
        return True
    found = (each.group(1) or each.group(4) for each in _COUNTED.finditer(words))
    return any(1 <= int(number) <= most for number in found if number)


def strangers(words: str, shown: frozenset[str]) -> bool:
    """Whether a text has a number of two digits or more that is neither a year nor among those shown."""
    found = (each.group().replace(",", "") for each in _NUMBER.finditer(words))
    return any(
        number not in shown and len(number) > 1 and not re.fullmatch(r"(19|20)[0-9]{2}", number)
        for number in found
    )


RULE = Rule("free_text", "P10", _look)
