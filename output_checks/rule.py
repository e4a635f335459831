"""What a rule is: a name, a promise, and how it looks at a file.

Refuses findings that speak in another rule's name: a rule makes them through itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from output_checks.model import CellRef, Confidence, Finding, Remedy, Severity
from output_checks.subject import Subject


@dataclass(frozen=True)
class Because:
    """What a rule saw, before it is tied to a file: one sentence of why and one of how to mend it."""

    severity: Severity
    message: str
    fix: str
    column: str | None = None
    cells: tuple[CellRef, ...] = ()
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True)
class Rule:
    """One check. `look` yields what it saw and never raises on anything a file can hold."""

    name: str
    promise: str
    look: Callable[[Subject], Iterable[Because]]

    def findings(self, subject: Subject) -> tuple[Finding, ...]:
        """What the rule has to say of a file, in the rule's own order."""
        return tuple(self._finding(subject, because) for because in self.look(subject))

    def _finding(self, subject: Subject, because: Because) -> Finding:
        return Finding(
            check=self.name,
            severity=because.severity,
            confidence=self._confidence(subject),
            file=subject.path,
            message=because.message,
            fix=because.fix,
            promise=self.promise,
            column=because.column,
            cells=because.cells,
            remedy=because.remedy,
            people=_people(subject, because.cells),
        )

    def _confidence(self, subject: Subject) -> Confidence:
        return subject.confidence


def _people(subject: Subject, cells: tuple[CellRef, ...]) -> tuple[int, ...]:
    if subject.evidence is None:
        return ()
    return tuple(subject.evidence.people[cell.row] for cell in cells)


def refuse(message: str, fix: str, *, column: str | None = None, cells: Iterable[CellRef] = ()) -> Because:
    """The file cannot leave."""
    return Because(Severity.REFUSE, message, fix, column, tuple(cells))


def hide(message: str, fix: str, *, column: str | None = None, cells: Iterable[CellRef]) -> Because:
    """These cells go; the twin without them may leave."""
    return Because(Severity.SUPPRESS, message, fix, column, tuple(cells), Remedy.HIDE)


def change(
    message: str, fix: str, *, remedy: Remedy, column: str | None = None, cells: Iterable[CellRef] = ()
) -> Because:
    """These cells are shown differently in the twin."""
    return Because(Severity.SUPPRESS, message, fix, column, tuple(cells), remedy)


def review(message: str, fix: str, *, column: str | None = None, cells: Iterable[CellRef] = ()) -> Because:
    """A person must look."""
    return Because(Severity.REVIEW, message, fix, column, tuple(cells))


def note(message: str, fix: str, *, column: str | None = None, cells: Iterable[CellRef] = ()) -> Because:
    """Worth knowing; changes nothing."""
    return Because(Severity.NOTE, message, fix, column, tuple(cells))
