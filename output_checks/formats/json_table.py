"""JSON to a table: a list of flat records with the same keys, or `{"columns": [...], "data": [[...]]}`.

Refuses nested values, keys used twice, records that differ in their keys, and numbers that JSON does not have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from output_checks.formats.cells import Reading, reading
from output_checks.formats.comma import text_of
from output_checks.formats.refusal import not_a_table

_RECORDS = "Write a list of records with the same keys, each value a text or a number - or a CSV file."


def read_json(content: bytes) -> Reading:
    """The table in some bytes of JSON.

    Raises:
        Unreadable: not JSON, or not a table.
    """
    header, rows = _cells(_loaded(text_of(content)))
    return reading(header, [[_text(cell) for cell in row] for row in rows])


def _loaded(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as wrong:
        raise not_a_table("The file is not JSON that we read.", _RECORDS) from wrong


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _cells(loaded: Any) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    if isinstance(loaded, dict) and loaded.keys() == {"columns", "data"}:
        header, rows = loaded["columns"], loaded["data"]
        if isinstance(header, list) and all(isinstance(name, str) for name in header):
            _hold_rows(rows, len(header))
            return header, rows
    if isinstance(loaded, list) and loaded and all(isinstance(each, dict) for each in loaded):
        header = list(loaded[0])
        if all(each.keys() == loaded[0].keys() for each in loaded):
            return header, [[each[name] for name in header] for each in loaded]
    raise not_a_table("The JSON is not a table.", _RECORDS)


def _hold_rows(rows: Any, width: int) -> None:
    if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != width for row in rows):
        raise not_a_table("Some rows of the JSON are not as wide as its columns.", _RECORDS)


def _text(cell: Any) -> str:
    match cell:
        case str():
            return cell
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case _:
            raise not_a_table("A cell of the JSON holds a list or a record.", _RECORDS)
