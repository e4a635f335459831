"""Cells as people see them: normalised, trimmed, and with everything odd about them noted.

Refuses a header that could be data, names used twice, and more than one column without a name. What is odd inside a
cell is not refused here: the oddity is kept, and a rule decides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from output_checks.formats.refusal import not_a_table
from output_checks.model import CellRef, Table
from output_checks.numerals import decimal

_NAMED = "Give every column one short name of its own in the first row."


class Oddity(StrEnum):
    """What a cell had that the table no longer shows."""

    INVISIBLE = "invisible characters"
    LINES = "line breaks"
    FORM = "characters in an unusual form"
    SPACES = "spaces at its ends"
    ROW_NAMES = "row numbers"


@dataclass(frozen=True)
class Reading:
    """A table, and the places where its file said something that the table does not."""

    table: Table
    oddities: tuple[tuple[Oddity, CellRef], ...]


def reading(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Reading:
    """The table of some raw cells; all rows are as wide as the header.

    Raises:
        Unreadable: the header is not a row of distinct names.
    """
    names = [tidy(name) for name in header]
    untidy = any(not _is_tidy(cell) for row in (header, *rows) for cell in row)
    odd = list(_oddities(header, rows, names)) if untidy else []
    if names and not names[0]:
        _hold_row_numbers(rows)
        names, rows = names[1:], [row[1:] for row in rows]
        odd = [pair for pair in odd if pair[1].column != "1"] + [(Oddity.ROW_NAMES, CellRef(0, "1"))]
    _hold_names(names, headless=bool(rows))
    table = Table(tuple(names), tuple(tuple(map(tidy, row)) if untidy else tuple(row) for row in rows))
    return Reading(table, tuple(odd))


def tidy(cell: str) -> str:
    """The cell as it will be written: compatibility forms folded, invisible characters and outer spaces gone."""
    if not _is_plain(cell):
        cell = "".join(each for each in unicodedata.normalize("NFKC", cell) if not _invisible(each))
    return " ".join(cell.split())


def oddities_of(cell: str) -> Iterator[Oddity]:
    """Everything odd about one raw cell."""
    if not _is_plain(cell):
        if any(_invisible(each) for each in cell):
            yield Oddity.INVISIBLE
        if "\n" in cell or "\t" in cell:
            yield Oddity.LINES
        if unicodedata.normalize("NFKC", cell) != cell:
            yield Oddity.FORM
    if cell != cell.strip(" "):
        yield Oddity.SPACES


def _is_plain(cell: str) -> bool:
    """Whether every character is one that ASCII prints: of these, none is invisible and none has another form."""
    return cell.isascii() and cell.isprintable()


def _is_tidy(cell: str) -> bool:
    """Whether a cell is plain and has nothing to trim: nothing is odd about it, and it stays as it is."""
    return _is_plain(cell) and not (cell[:1] == " " or cell[-1:] == " " or "  " in cell)


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Co", "Cn", "Cs", "Zl", "Zp") or (
        unicodedata.category(character) == "Cc" and character not in "\n\t"
    )


def _oddities(
    header: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str]
) -> Iterator[tuple[Oddity, CellRef]]:
    places = [name or str(at + 1) for at, name in enumerate(names)]
    for row, cells in enumerate((header, *rows)):
        for place, cell in zip(places, cells, strict=True):
            for oddity in oddities_of(cell):
                yield oddity, CellRef(max(0, row - 1), place)


def _hold_row_numbers(rows: Sequence[Sequence[str]]) -> None:
    if [row[0] for row in rows] != [str(at + 1) for at in range(len(rows))]:
        raise not_a_table("The first column has no name.", _NAMED)


def _hold_names(names: Sequence[str], *, headless: bool) -> None:
    if not names or not all(names):
        raise not_a_table("A column has no name.", _NAMED)
    if len(set(names)) != len(names):
        raise not_a_table("Two columns have the same name.", _NAMED)
    if headless and sum(decimal(name) is not None for name in names) > len(names) / 2:
        raise not_a_table("The first row is data, not the names of the columns.", _NAMED)
