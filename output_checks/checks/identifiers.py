"""Nothing that points at one person: no NHS or CHI number, postcode, e-mail, date of birth, hash or known pseudonym.

Refuses them in labels, in column names, split over neighbouring cells, in other encodings and in words. A ten-digit
number that is a clinical code as much as an NHS number is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from output_checks.identifiers import (
    has_email,
    has_postcode,
    is_chi_number,
    is_clinical_code,
    is_known,
    is_nhs_number,
    looks_like_pseudonym,
    ten_digits,
    unpacked,
)
from output_checks.model import CellRef, Opaque, Table
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_TAKE_OUT = "Take it out, and look for how it came to be there."
_BIRTH = re.compile(r"dob|dateofbirth|birthdate|birthday|borndate|dateborn|(month|year)ofbirth|yob|mob")
_DAY = re.compile(
    r"(19|20)[0-9]{2}-?[01][0-9]-?[0-3][0-9]([T ].*)?|[0-3]?[0-9][/.-][01]?[0-9][/.-]((19|20)?[0-9]{2})"
)
_SHORT = 8
_SHORTEST = 5
_KINDS: Mapping[str, str] = {
    "nhs": "There is an NHS number.",
    "chi": "There is a CHI number.",
    "postcode": "There is a full postcode.",
    "email": "There is an e-mail address.",
    "pseudonym": "There is something that looks like a pseudonym or a hash.",
    "known": "There is a pseudonym of somebody in the data.",
}


def _look(subject: Subject) -> Iterator[Because]:
    if subject.table is not None:
        yield from _in_table(subject, subject.table)
    elif isinstance(subject.document, Opaque):
        for kind in sorted({*kinds_in(subject.document.words)} | _known_words(subject)):
            yield _because(kind, None, ())


def _in_table(subject: Subject, table: Table) -> Iterator[Because]:
    found: dict[tuple[str, str], list[CellRef]] = {}
    for name in table.columns:
        for row, text in enumerate(table.column(name)):
            for kind in {*kinds_in(text), *_known(subject, name, text)}:
                found.setdefault((kind, name), []).append(CellRef(row, name))
    for (kind, name), cells in sorted(found.items(), key=lambda each: each[0]):
        yield _because(kind, name, tuple(cells))
    for kind in sorted({kind for name in table.columns for kind in kinds_in(name)}):
        yield _because(kind, None, ())
    yield from _split(subject, table)
    yield from _births(table)


def kinds_in(text: str) -> Iterator[str]:
    """The kinds of identifier in a text, read as it stands and unpacked; the shortest is a postcode without its space."""
    if len(text) < _SHORTEST:
        return
    for form in (text, *unpacked(text)):
        for digits in ten_digits(form):
            if is_nhs_number(digits):
                yield "code" if is_clinical_code(digits) else "chi" if is_chi_number(digits) else "nhs"
        if has_postcode(form):
            yield "postcode"
        if has_email(form):
            yield "email"
    if looks_like_pseudonym(text):
        yield "pseudonym"


def _known(subject: Subject, name: str, text: str) -> Iterator[str]:
    """Short numbers are looked up in labels only: a count of 307 people is not patient 307."""
    pseudonyms = subject.offered.pseudonyms
    looked_up = text and (name in subject.dimensions or len(text) >= _SHORT)
    if pseudonyms and looked_up and is_known(text, pseudonyms):
        yield "known"


def _known_words(subject: Subject) -> set[str]:
    words = subject.document.words.split() if isinstance(subject.document, Opaque) else []
    pseudonyms = subject.offered.pseudonyms or frozenset()
    stripped = (word.strip(".,;:()[]'\"") for word in words)
    return {"known" for word in stripped if len(word) >= _SHORT and is_known(word, pseudonyms)}


def _because(kind: str, name: str | None, cells: tuple[CellRef, ...]) -> Because:
    if kind == "code":
        reason = "There are ten-digit codes that could be NHS numbers."
        fix = "Say which coding system they are from, or write the codes' names."
        return review(reason, fix, column=name, cells=cells)
    return refuse(_KINDS[kind], _TAKE_OUT, column=name, cells=cells)


def _split(subject: Subject, table: Table) -> Iterator[Because]:
    """An NHS number cut into the labels of neighbouring columns."""
    labels = [name for name in table.columns if name in subject.dimensions]
    texts = {name: table.column(name) for name in labels}
    for at, first in enumerate(labels[:-1]):
        others = [texts[name] for name in labels[at + 1 : at + 3]]
        cells = [CellRef(row, first) for row, text in enumerate(texts[first]) if _joins(text, others, row)]
        if cells:
            yield refuse(
                "Neighbouring columns together hold an NHS number.", _TAKE_OUT, column=first, cells=cells
            )


def _joins(text: str, others: Sequence[Sequence[str]], row: int) -> bool:
    more = [column[row] for column in others]
    return text.isdigit() and (is_nhs_number(text + more[0]) or is_nhs_number(text + "".join(more)))


def _births(table: Table) -> Iterator[Because]:
    for name in table.columns:
        plain = re.sub(r"[^a-z]", "", name.casefold())
        days = [CellRef(row, name) for row, text in enumerate(table.column(name)) if _DAY.fullmatch(text)]
        if days and _BIRTH.search(plain):
            fix = "Write age bands."
            yield refuse("There are dates of birth.", fix, column=name, cells=days)


RULE = Rule("identifiers", "P2", _look)
