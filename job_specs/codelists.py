"""Codelist files: a CSV whose bytes are not trusted -> the codes, each held to its coding system.

Refuses a file of another system's codes (a dm+d list where SNOMED CT was declared), codes that a spreadsheet has
spoilt (`1.04E+14`), and anything that is not one column of codes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from types import MappingProxyType

from job_specs.complaints import nearest
from job_specs.errors import SpecError, Where, problem
from job_specs.model import Codelist

MOST_CODES = 100_000
MAX_BYTES = 32 * 1024 * 1024

_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "snomedct": re.compile(r"[1-9][0-9]{5,17}"),
        "dmd": re.compile(r"[1-9][0-9]{5,17}"),
        "icd10": re.compile(r"[A-Z][0-9]{2}(?:\.?[0-9]{1,2}|\.?X)?[A-Z]?"),
        "opcs4": re.compile(r"[A-Z][0-9]{2}(?:\.?[0-9])?"),
        "ctv3": re.compile(r"(?=.{5}\Z)[A-Za-z0-9]{1,5}\.{0,4}"),
        "bnf": re.compile(r"[0-9]{2}[0-9A-Z]{0,13}"),
    }
)
_CHECKED = frozenset({"snomedct", "dmd"})


def read_codelist(codelist: Codelist, untrusted: bytes) -> tuple[str, ...]:
    """The codes of a codelist's file, each once, in the order of the file. Raises SpecError."""
    rows = _rows(codelist, untrusted)
    header = rows[0] if rows else []
    if codelist.column not in header:
        fix = f"Name the column of codes in its first line `{codelist.column}`, or say `column:` in the spec."
        near = nearest(codelist.column, header)
        raise SpecError(
            [problem("codelist-file", Where(codelist.file, 1, 1), codelist.column, fix, nearest=near)]
        )
    index = header.index(codelist.column)
    codes: dict[str, None] = {}
    problems = []
    for line, row in enumerate(rows[1:], 2):
        code = row[index].strip() if index < len(row) else ""
        if not _belongs(codelist.system, code):
            fix = f"Replace it by a {codelist.system} code, exported as text, or correct `system:`."
            problems.append(problem("code-system", Where(codelist.file, line, 1), code, fix))
        codes[code] = None
    if problems:
        raise SpecError(problems[:20])
    if not 1 <= len(codes) <= MOST_CODES:
        fix = f"Give it between 1 and {MOST_CODES} codes."
        raise SpecError([problem("codelist-file", Where(codelist.file, 1, 1), f"{len(codes)} codes", fix)])
    return tuple(codes)


def _rows(codelist: Codelist, untrusted: bytes) -> list[list[str]]:
    fix = "Save it again as a CSV file in UTF-8."
    if len(untrusted) > MAX_BYTES or b"\0" in untrusted:
        raise SpecError([problem("codelist-file", Where(codelist.file, 1, 1), "", fix)])
    try:
        text = untrusted.decode("utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text), strict=True) if any(row)]
    except (UnicodeDecodeError, csv.Error):
        raise SpecError([problem("codelist-file", Where(codelist.file, 1, 1), "", fix)]) from None


def _belongs(system: str, code: str) -> bool:
    if not _FORMS[system].fullmatch(code):
        return False
    return system not in _CHECKED or (_verhoeff(code) and code[-3] in "01" and code[-2] == "0")


_TIMES = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_PERMUTED = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def _verhoeff(code: str) -> bool:
    """SNOMED CT and dm+d identifiers end in a Verhoeff check digit, which a spoilt digit breaks."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = int(_TIMES[check][int(_PERMUTED[place % 8][int(digit)])])
    return check == 0
