"""What a study says of a file before a checker looks: one JSON document in the vault, written outside, read inside.

``{"population": "...", "statistic": "...", "note": "...", "columns": {"name": {"meaning": "...", "unit": "..."}}}``. Refuses nothing
when it reads: an older or an odd document is shown as far as it can be.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tre.custody.encoding import canonical


@dataclass(frozen=True)
class ColumnContext:
    """What one column of a file means, and in which unit."""

    meaning: str = ""
    unit: str = ""


@dataclass(frozen=True)
class DescribedFile:
    """What a file is: who is counted in it, by which statistic, and what each column means."""

    population: str = ""
    statistic: str = ""
    note: str = ""
    columns: Mapping[str, ColumnContext] = field(default_factory=dict)


def written(file: DescribedFile) -> bytes:
    """The document that says so."""
    columns = {name: {"meaning": each.meaning, "unit": each.unit} for name, each in file.columns.items()}
    said = {"population": file.population, "statistic": file.statistic, "note": file.note, "columns": columns}
    return canonical(said)


def read(document: bytes) -> DescribedFile:
    """What a document says, as far as it says it in these words."""
    try:
        said = json.loads(document)
    except ValueError:
        return DescribedFile(note=document.decode("utf-8", "backslashreplace"))
    said = said if isinstance(said, dict) else {}
    listed = said.get("columns")
    columns = {
        str(name): ColumnContext(str(each.get("meaning", "")), str(each.get("unit", "")))
        for name, each in (listed if isinstance(listed, dict) else {}).items()
        if isinstance(each, dict)
    }
    texts = {name: str(said.get(name, "")) for name in ("population", "statistic", "note")}
    return DescribedFile(**texts, columns=columns)
