"""One question, from `query.json` to the results and the engine's report of itself.

It refuses to let a message of DuckDB's out: what it says of an error is its class and, for the text alone, the line.
"""

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from .counting import answer_aggregate
from .query import Query, Refused, read_query, write_json
from .readings import Readings
from .telling import telling
from .walls import bound, lock, open_store, set_all, spilling
from .writing import answer_extract

_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (duckdb.ParserException, "syntax"),
    (duckdb.BinderException, "meaning"),
    (duckdb.CatalogException, "meaning"),
    (duckdb.ConversionException, "conversion"),
    (duckdb.OutOfRangeException, "out_of_range"),
    (duckdb.OutOfMemoryException, "out_of_memory"),
    (duckdb.InterruptException, "out_of_time"),
    (duckdb.PermissionException, "refused"),
    (duckdb.InvalidInputException, "invalid_input"),
    (duckdb.Error, "engine"),
)
LACKED = {"out_of_memory": 4, "out_of_time": 5}
"""How the program ends where that was all that was wrong: whoever runs the box may say so."""
_STATIC = frozenset({"syntax", "meaning"})


def main(arguments: Sequence[str]) -> int:
    """Answer the query in the file named; returns 0 when the results are written, and else 1 or what it lacked."""
    content = json.loads(Path(arguments[0]).read_text("utf-8"))
    query = read_query(content)
    try:
        report = answer(query)
    except Refused as refusal:
        report = {"status": "refused", "rule": refusal.rule}
    except MemoryError:
        report = {"status": "error", "class": "out_of_memory"}
    except duckdb.Error as error:
        report = {"status": "error", **_classified(error)}
    write_json(query.out / query.report, report)
    return 0 if report["status"] == "ok" else LACKED.get(str(report.get("class")), 1)


def answer(query: Query) -> dict[str, Any]:
    """Run the query and write its results; returns the report, which holds no value from a row.

    Raises:
        Refused: a wall behind the guard stopped it.
        duckdb.Error: DuckDB could not run it.
    """
    with (
        duckdb.connect(":memory:") as patients,
        duckdb.connect(":memory:") as writer,
        telling(query.out) as tell,
    ):
        names = open_store(patients, query)
        lock(patients, query.limits)
        bound(writer, query.limits, share=0.25)
        set_all(writer, spilling(query.limits, "writer", share=0.25))
        readings = Readings(patients, query, names)
        began = time.monotonic()
        told = (answer_extract if query.extract else answer_aggregate)(readings, writer, tell)
        seconds = round(time.monotonic() - began, 3)
        return told | {"seconds": seconds, "provenance": {**query.provenance, "plans": readings.plans}}


def _classified(error: duckdb.Error) -> dict[str, Any]:
    """The class of DuckDB's error and, where it is about the text alone, the line: never the message."""
    name = next(word for kind, word in _CLASSES if isinstance(error, kind))
    line = re.search(r"^LINE (\d+):", str(error), re.MULTILINE) if name in _STATIC else None
    return {"class": name, "line": int(line[1]) if line else None}


def run(arguments: Sequence[str]) -> int:
    """As `main`, and silent whatever happens: a traceback of the engine could quote a row."""
    try:
        return main(arguments)
    except BaseException:  # noqa: BLE001 - the box's log must hold nothing of the data, whatever went wrong
        return 3
