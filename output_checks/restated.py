"""A table of study code, said again in the data's own words: its numbers as the data gives them, its labels as it spells them.

Who controls the program chooses how many digits a mean has, whether a count is exact or rounded already, how a year is
spelt and which cells are marked as hidden before anybody looks: each choice could say something. Where the data was asked,
the twin is made of its answer, and the choices are gone. Refuses to state a number that the file does not: a cell that was
hidden stays hidden, whatever the data gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import COUNTED, LABELS, Role
from output_checks.model import CellRef, Confidence, Table
from output_checks.numerals import is_hidden
from output_checks.subject import Subject


def restated(subject: Subject) -> Subject:
    """The subject with its table as the data says it; itself, where the data was not asked."""
    table, evidence = subject.table, subject.evidence
    if table is None or evidence is None or evidence.source is not Confidence.RECOMPUTED:
        return subject
    columns = [_column(subject, table, name) for name in table.columns]
    return subject.restated(Table(table.columns, tuple(zip(*columns, strict=True))))


def _column(subject: Subject, table: Table, name: str) -> tuple[str, ...]:
    evidence, texts, role = subject.evidence, table.column(name), subject.columns[name].role
    if evidence is None:
        return texts
    if role in LABELS | {Role.MODE}:
        return evidence.labels.get(name, texts)
    given = evidence.values.get(name)
    if given is None:
        return texts
    pairs = zip(texts, given, strict=True)
    return tuple(text if value is None else _number(role, value) for text, value in pairs)


def _number(role: Role, value: float) -> str:
    return str(round(value)) if role in COUNTED else repr(value)


def hidden_already(subject: Subject) -> Iterator[CellRef]:
    """The cells that were hidden before they were offered, of which the data gives the number."""
    table, evidence = subject.table, subject.evidence
    if table is None or evidence is None:
        return
    for name, given in evidence.values.items():
        texts = table.column(name) if name in subject.statistics else ()
        for row, (text, value) in enumerate(zip(texts, given, strict=bool(texts))):
            if value is not None and is_hidden(text):
                yield CellRef(row, name)
