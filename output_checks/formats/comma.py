"""Separated text to a table, without guessing.

Refuses other encodings than UTF-8, other separators than the one declared, rows of another width than the header, a
header that is data, line breaks inside cells, and control characters. A parser that is lenient reads a file
differently from the person who looks at it; this one does not.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from output_checks.formats.cells import Reading, reading
from output_checks.formats.refusal import Unreadable, not_a_table

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
SEPARATORS = (",", ";", "\t", "|")
_REWRITE = (
    "Write the table again with one header row, the same number of cells in every row, and no blank lines."
)


def read_separated(content: bytes, *, separator: str = ",") -> Reading:
    """The table in some bytes of separated text.

    Raises:
        Unreadable: anything at all that two readers could read differently.
    """
    if separator not in SEPARATORS:
        raise not_a_table("The declared separator is not one we read.", "Use a comma.")
    rows = _parsed(_text(content), separator)
    if not rows:
        raise not_a_table("The file is empty.", "Leave it out, or write its header row.")
    _hold_header(rows[0], separator)
    if any(len(row) != len(rows[0]) for row in rows):
        raise not_a_table("Some rows are not as wide as the header.", _REWRITE)
    return reading(rows[0], rows[1:])


def text_of(content: bytes) -> str:
    """UTF-8 text, with or without a byte order mark.

    Raises:
        Unreadable: another encoding, or control characters.
    """
    return _text(content)


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise not_a_table("The file is not UTF-8 text.", "Save it with the encoding UTF-8.") from wrong
    plain = text.replace("\r\n", "\n")
    if _CONTROL.search(plain):
        fix = "Write it again as plain text with ordinary line ends."
        raise Unreadable("hidden_content", "The file has control characters.", fix)
    return plain


def _parsed(text: str, separator: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as wrong:
        fix = "Quote a cell whole, double the quotes inside it, and keep cells short."
        raise not_a_table("A quotation mark in the file is not closed or not doubled.", fix) from wrong
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _hold_header(header: Sequence[str], separator: str) -> None:
    others = [each for each in SEPARATORS if each != separator]
    if len(header) == 1 and any(other in header[0] for other in others):
        fix = "Save it with commas, or declare `separator` beside the statistic."
        raise not_a_table("The file seems to be separated by something other than what was declared.", fix)
