"""How much a twin loses: numbers hidden, people in them, and how far rounding moves the rest; in coarse bands.

Refuses exact figures: how many people the hidden numbers are of, to the person, would be one more total [P10].
"""

from __future__ import annotations

from output_checks.model import CellRef, Finding, Severity, Table
from output_checks.numerals import decimal, is_hidden
from output_checks.subject import Subject

NAME = "information_lost"
_BANDS = ((0.0, "none"), (0.01, "less than 1 %"), (0.05, "1 to 5 %"), (0.2, "5 to 20 %"), (0.5, "20 to 50 %"))
_MOST = "more than half"


def losses(subject: Subject, twin: Table) -> Finding | None:
    """What the twin of a table loses of its counts, where it loses anything; the twin has every row yet."""
    cells = [(cell, number) for cell, number in subject.counted_cells() if number >= 0]
    shown = {cell: _shown(twin, cell) for cell, _ in cells}
    hidden = [number for cell, number in cells if shown[cell] is None]
    moved = sum(abs(number - each) for cell, number in cells if (each := shown[cell]) is not None)
    if not cells or not (hidden or moved):
        return None
    people = sum(number for _, number in cells)
    words = (
        f"Of the table's counts {_band(len(hidden), len(cells))} are hidden, with {_band(sum(hidden), people)} of what "
        f"they add up to; rounding moves the others by {_band(moved, people - sum(hidden))} of theirs."
    )
    return Finding(
        check=NAME,
        severity=Severity.NOTE,
        confidence=subject.confidence,
        file=subject.path,
        message=words,
        fix="Where that is too much, merge groups.",
        promise="P10",
    )


def _shown(twin: Table, cell: CellRef) -> int | None:
    text = twin.at(cell)
    number = None if is_hidden(text) else decimal(text)
    return None if number is None else int(number)


def _band(part: int, whole: int) -> str:
    share = part / whole if whole else 0.0
    return next((words for most, words in _BANDS if share <= most), _MOST)
