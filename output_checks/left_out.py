"""Nought and a few look the same, and a row of which nothing is shown is not there.

That a row exists tells of somebody, and so does a nought where a hidden number could be: a count of those who are this
one person and ill is hidden or nought, and the difference is the answer. Where the policy says so, noughts are hidden
with the mark that hides a few. Rows whose numbers are all hidden, whatever for, are left out where their being there
could tell: where not every combination of labels is listed, and where a label has no row that shows anything. Refuses to
offer a table of which nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from output_checks.declare import COUNTED, DERIVED, Role
from output_checks.model import CellRef, Confidence, Finding, Remedy, Severity, Table
from output_checks.numerals import decimal
from output_checks.subject import Subject

NAME = "left_out"
_STEPS = frozenset({Role.AT_RISK, Role.EVENTS, Role.SURVIVAL})


@dataclass(frozen=True)
class Left:
    """What is left of a twin, None where nothing is, and what was found."""

    table: Table | None
    findings: tuple[Finding, ...]


def left_out(subject: Subject, twin: Table) -> Left:
    """The twin without telling noughts and without rows that show nothing.

    A curve's numbers at risk and events begin with nought people and are left as they are.
    """
    if subject.policy.zero != "hide" or any(column.role in _STEPS for column in subject.columns.values()):
        return Left(twin, ())
    noughts = frozenset(_noughts(subject, twin))
    hidden = Table(twin.columns, tuple(_row(subject, twin, row, noughts) for row in range(len(twin.rows))))
    gone = frozenset(_empty(subject, hidden))
    kept = tuple(row for at, row in enumerate(hidden.rows) if at not in gone)
    if gone and not kept:
        return Left(None, (_nothing(subject),))
    more = (_finding(subject, noughts), _without(subject, gone, twin))
    return Left(Table(twin.columns, kept), tuple(each for each in more if each is not None))


def _noughts(subject: Subject, twin: Table) -> Iterator[CellRef]:
    for column in subject.with_role(*COUNTED):
        for row, text in enumerate(twin.column(column.name)):
            if decimal(text) == 0:
                yield CellRef(row, column.name)


def _row(subject: Subject, twin: Table, row: int, noughts: frozenset[CellRef]) -> tuple[str, ...]:
    if not noughts:
        return twin.rows[row]
    return tuple(
        subject.policy.mark if _tells(subject, CellRef(row, name), noughts) else text
        for name, text in zip(twin.columns, twin.rows[row], strict=True)
    )


def _tells(subject: Subject, cell: CellRef, noughts: frozenset[CellRef]) -> bool:
    column = subject.columns[cell.column]
    from_nought = any(CellRef(cell.row, name) in noughts for name in column.operands)
    return cell in noughts or (column.role in DERIVED and from_nought)


def _empty(subject: Subject, twin: Table) -> Iterator[int]:
    """Rows whose numbers, but for the totals repeated on them, are all hidden."""
    own = [name for name in subject.statistics if subject.columns[name].role is not Role.MARGIN]
    if not subject.dimensions:
        return
    bare = {row for row in range(len(twin.rows)) if _is_bare(subject, twin, row, own)}
    columns = [twin.column(name) for name in subject.dimensions]
    some_are_absent = len(twin.rows) < prod(len(set(column)) for column in columns)
    shown = [{text for row, text in enumerate(column) if row not in bare} for column in columns]
    evidence = subject.evidence
    # Which rows a program lists is its own choice: those of which nothing is shown are never there.
    by_choice = evidence is not None and evidence.source is Confidence.RECOMPUTED
    for row in sorted(bare):
        unseen = any(column[row] not in labels for column, labels in zip(columns, shown, strict=True))
        if by_choice or some_are_absent or unseen:
            yield row


def _is_bare(subject: Subject, twin: Table, row: int, own: Sequence[str]) -> bool:
    if own:
        return all(twin.at(CellRef(row, name)) == subject.policy.mark for name in own)
    people = subject.people(row)
    return people is not None and subject.policy.is_small(people)


def _finding(subject: Subject, noughts: frozenset[CellRef]) -> Finding | None:
    if not noughts:
        return None
    reason, fix = (
        "A nought would tell where a hidden number is none.",
        "Take the twin: nought and a few look the same.",
    )
    return _made(subject, Severity.SUPPRESS, (reason, fix), Remedy.HIDE, cells=tuple(sorted(noughts)))


def _without(subject: Subject, gone: frozenset[int], twin: Table) -> Finding | None:
    if not gone:
        return None
    reason = "Rows of which nothing may be shown are left out: that they are there would tell of somebody."
    cells = tuple(CellRef(row, twin.columns[0]) for row in sorted(gone))
    fix = "Take the twin, or merge groups."
    return _made(subject, Severity.SUPPRESS, (reason, fix), Remedy.RECOMPUTE, cells=cells)


def _nothing(subject: Subject) -> Finding:
    reason, fix = (
        "Every number of the table is about too few people.",
        "Merge groups until something can be shown.",
    )
    return _made(subject, Severity.REFUSE, (reason, fix), Remedy.NONE)


def _made(
    subject: Subject,
    severity: Severity,
    said: tuple[str, str],
    remedy: Remedy,
    *,
    cells: tuple[CellRef, ...] = (),
) -> Finding:
    return Finding(
        check=NAME,
        severity=severity,
        confidence=subject.confidence,
        file=subject.path,
        message=said[0],
        fix=said[1],
        promise="P10",
        cells=cells,
        remedy=remedy,
    )
