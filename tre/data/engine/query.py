"""What a box is asked: `query.json`, checked, and the refusals of the walls behind the guard.

It refuses a format it does not know, an output outside the output folder, and a name that could end its own quotes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

FORMAT = "tre-query-1"
PEOPLE = "tre_people"
UNCLEAR = "tre_unclear"
MEMBERS = "members.parquet"
FORMATS = {
    "csv": "FORMAT csv, HEADER true",
    "csv.gz": "FORMAT csv, HEADER true, COMPRESSION gzip",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
WRITTEN = (*FORMATS, "arrow", "duckdb")
"""Every format of a result."""
LIST_PREFIX = b"tre/opt-outs/1"
"""What the digest of a list of opt-outs begins with, before its pseudonyms, one a line."""


class Refused(Exception):
    """The query, or its answer, is not what may be run or written. The rule is one of ours and quotes nothing."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True)
class Query:
    """What query.json asks for, checked."""

    sql: str
    units_sql: str
    bound: str
    narrow: str
    shares: str
    members: str
    part: str
    dimensions: tuple[str, ...]
    parameters: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]
    extract: bool
    columns: tuple[str, ...]
    pseudonym: Mapping[str, str]
    released: Mapping[str, str]
    absent: Mapping[str, str] | None
    out: Path
    path: str
    format: str
    units: str
    report: str
    provenance: Mapping[str, str]
    limits: Mapping[str, Any]

    @property
    def counted(self) -> bool:
        """Whether people are to be counted beside the rows."""
        return bool(self.units_sql)


def read_query(content: Mapping[str, Any]) -> Query:
    """The query that some JSON asks for. Raises ValueError or KeyError for anything else."""
    if content.get("format") != FORMAT or content["output"]["format"] not in WRITTEN:
        raise ValueError("not a query of a format that is known")
    output = content["output"]
    for path in (output["path"], output["units"], output["report"]):
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise ValueError("an output outside the output folder")
    return Query(
        sql=content["sql"],
        units_sql=content["counting"]["units"],
        bound=content["counting"]["bound"],
        narrow=content["counting"]["narrow"],
        shares=content["counting"]["shares"],
        members=content["counting"]["members"],
        part=content["part"],
        dimensions=tuple(content["dimensions"]),
        parameters={name: _value(value) for name, value in content["parameters"].items()},
        tables={word(name).strip('"'): table for name, table in content["tables"].items()},
        extract=content["kind"] == "extract",
        columns=tuple(content["columns"]),
        pseudonym=content["pseudonym"] or {},
        released=content.get("released") or {},
        absent=content["absent"],
        out=Path(content["out"]),
        path=output["path"],
        format=output["format"],
        units=output["units"],
        report=output["report"],
        provenance=content["provenance"],
        limits=content["limits"],
    )


def _value(written: Any) -> Any:
    """A parameter as it was given: dates are written apart from texts."""
    return date.fromisoformat(written["date"]) if isinstance(written, dict) else written


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a small file of our own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, sort_keys=True), "utf-8")


def word(name: str) -> str:
    """An identifier, quoted: one that holds a quote or nothing is not one of ours."""
    if not name or '"' in name or "\0" in name:
        raise ValueError("not a name")
    return f'"{name}"'


def text(value: str) -> str:
    """A text, ready to stand between quotes."""
    return value.replace("'", "''")


def hexed(value: str) -> str:
    """Hexadecimal digits, and nothing else."""
    return bytes.fromhex(value).hex()
