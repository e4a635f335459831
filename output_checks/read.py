"""Bytes to what they are: a table, something opaque, or a refusal that says how to make a file we can read.

Refuses every kind of file that is not on its list (fails closed), and files whose content is not what their name says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from output_checks.formats.cells import Reading
from output_checks.formats.comma import read_separated, text_of
from output_checks.formats.drawing import read_drawing
from output_checks.formats.json_table import read_json
from output_checks.formats.page import read_page
from output_checks.formats.picture import read_png
from output_checks.formats.refusal import Unreadable
from output_checks.model import Opaque

Read = Reading | Opaque

_AS_CSV = "Save the table as CSV; a {} file also carries things that nobody sees."
_CONVERT: Mapping[str, str] = {
    ".xlsx": _AS_CSV.format("spreadsheet"),
    ".xls": _AS_CSV.format("spreadsheet"),
    ".ods": _AS_CSV.format("spreadsheet"),
    ".parquet": _AS_CSV.format("Parquet"),
    ".feather": _AS_CSV.format("Feather"),
    ".arrow": _AS_CSV.format("Arrow"),
    ".dta": _AS_CSV.format("Stata"),
    ".sav": _AS_CSV.format("SPSS"),
    ".sas7bdat": _AS_CSV.format("SAS"),
    ".rds": "Save tables as CSV; a saved R object can carry the data it was made from.",
    ".rdata": "Save tables as CSV; a saved R object can carry the data it was made from.",
    ".pkl": "Write the model's coefficients as a CSV table; a pickle can carry the data it was made from.",
    ".pickle": "Write the model's coefficients as a CSV table; a pickle can carry the data it was made from.",
    ".joblib": "Write the model's coefficients as a CSV table; a saved model can carry the data it was made from.",
    ".pdf": "Save figures as PNG and tables as CSV; a PDF can hide text and files.",
    ".ipynb": "Save what the notebook shows as CSV, PNG and .txt; a notebook keeps the outputs of every cell.",
    ".jpg": "Save the figure as PNG; what a JPEG loses can hide what is in it.",
    ".jpeg": "Save the figure as PNG; what a JPEG loses can hide what is in it.",
    ".docx": "Save words as .txt or .md and tables as CSV.",
    ".gph": "Save the figure as PNG; a Stata graph carries its data.",
    ".gz": "Offer the files one by one, unpacked.",
    ".zip": "Offer the files one by one, unpacked.",
    ".sqlite": "Save the table as CSV.",
    ".duckdb": "Save the table as CSV.",
}
_ANY = "Save tables as .csv or .json, figures as .png or .svg, words as .txt or .md."


def kind_of(path: str) -> str:
    """The file's kind by the end of its name, in lower case; `x.csv.gz` is a .gz."""
    return PurePosixPath(path).suffix.casefold()


def read(path: str, untrusted: bytes, declaration: Mapping[str, Any] | None = None) -> Read:
    """What a file is, by its name, its bytes and the separator that was declared for it.

    Raises:
        Unreadable: the kind of file is not read here, or this one is not well formed.
    """
    kind = kind_of(path)
    reader = _READERS.get(kind)
    if reader is None:
        reason = "Files of this kind are not released."
        raise Unreadable("file_type", reason, _CONVERT.get(kind, _ANY))
    return reader(untrusted, declaration or {})


def _read_csv(untrusted: bytes, declaration: Mapping[str, Any]) -> Read:
    return read_separated(untrusted, separator=str(declaration.get("separator", ",")))


def _read_tsv(untrusted: bytes, _: Mapping[str, Any]) -> Read:
    return read_separated(untrusted, separator="\t")


def _read_json(untrusted: bytes, _: Mapping[str, Any]) -> Read:
    return read_json(untrusted)


def _read_words(untrusted: bytes, _: Mapping[str, Any]) -> Read:
    words = text_of(untrusted)
    lines = [line.rstrip() for line in words.split("\n")]
    return Opaque("words", words, "\n".join(lines).encode())


def _read_page(untrusted: bytes, _: Mapping[str, Any]) -> Read:
    return read_page(untrusted)


def _read_drawing(untrusted: bytes, _: Mapping[str, Any]) -> Read:
    return read_drawing(untrusted)


def _read_picture(untrusted: bytes, _: Mapping[str, Any]) -> Read:
    return read_png(untrusted)


_READERS: Mapping[str, Callable[[bytes, Mapping[str, Any]], Read]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".json": _read_json,
    ".txt": _read_words,
    ".log": _read_words,
    ".md": _read_words,
    ".html": _read_page,
    ".htm": _read_page,
    ".png": _read_picture,
    ".svg": _read_drawing,
}
WORDS = frozenset({".txt", ".log", ".md", ".html", ".htm"})
"""Kinds of file that are read as words."""
READABLE = tuple(_READERS)
