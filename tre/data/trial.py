"""A guarded query tried on a synthetic store, on the researcher's own machine: the real engine, and everything shown.

It refuses any other store: the supply's own word says that the people in it are nobody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from job_specs.sql.model import Guarded, Scope, Shape, Units
from tre.data import extract
from tre.data.catalogue import Catalogue, scope
from tre.data.engine import run
from tre.data.errors import Reason, TrialFailed
from tre.data.governance import require_synthetic
from tre.data.room import counting_of, scope_of
from tre.data.store import Store

RESULT = "result.parquet"
HINTS: Mapping[str, str] = {
    "syntax": "DuckDB cannot read the text. Look at the line named.",
    "meaning": "A name or a type does not fit. Look at the line named.",
    "conversion": "A value could not be turned into another type. Write TRY_CAST.",
    "out_of_range": "A number became too large for its type. Cast it to DOUBLE first.",
    "out_of_memory": "The answer needs more memory than it was given: fewer groups, or fewer columns.",
    "out_of_time": "The answer took too long: filter earlier, or join less.",
    "refused": "A wall behind the guard refused it. Tell a maintainer: the guard should have said why.",
}
_ANY_HINT = "Make the query smaller until it answers, and see which part it was."


@dataclass(frozen=True)
class Trial:
    """What the engine answered: rows, people behind each (none where not counted), and how long it took."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    people: tuple[int, ...]
    seconds: float


def everything(catalogue: Catalogue) -> Scope:
    """Every table and column that a backend has: on people who do not exist all of them may be tried."""
    return scope_of(scope(catalogue, _all(catalogue)))


def try_query(
    store: Store,
    catalogue: Catalogue,
    guarded: Guarded,
    counted: Units | None,
    *,
    folder: Path,
    studies: Path,
) -> Trial:
    """Answer a guarded query on a synthetic store, in an empty folder.

    Raises:
        StoreUnavailable: the store does not say that its people are synthetic.
        TrialFailed: the engine could not answer; says the class of what went wrong, and what may help.
    """
    require_synthetic(store)
    request = _request(store, catalogue, guarded, counted, studies=studies)
    out = folder / "out"
    request.write_code(folder / "code")
    content = _at_home(json.loads(request.code["query.json"]), request, out, folder)
    query = folder / "query.json"
    query.write_text(json.dumps(content), "utf-8")
    run.main([str(query)])
    report = extract.read_report((out / extract.REPORT).read_bytes())
    if report.status != "ok":
        raise _failed(report)
    with duckdb.connect(":memory:") as connection:
        rows = tuple(
            tuple(row) for row in connection.execute("FROM read_parquet(?)", [str(out / RESULT)]).fetchall()
        )
    people: tuple[int, ...] = ()
    if counted is not None:
        people = extract.read_units((out / extract.UNITS).read_bytes(), request.roles, rows=len(rows)).people
    return Trial(request.columns, rows, people, report.seconds)


def _request(
    store: Store, catalogue: Catalogue, guarded: Guarded, counted: Units | None, *, studies: Path
) -> extract.EngineRequest:
    asked: Mapping[str, Any] = {
        "sql": guarded.sql,
        "parameters": guarded.parameters,
        "tables": {read.table: read.columns for read in guarded.tables},
        "output": RESULT,
    }
    if guarded.shape is Shape.EXTRACT:
        key = extract.open_studies_key(studies, outside=(store.root,))
        columns = guarded.output_columns
        return extract.request_for_extract(
            store, catalogue, columns=columns, studies=key, study="trial", **asked
        )
    roles = dict.fromkeys(guarded.output_columns, "other")
    roles |= {column.name: column.role for column in counted.columns} if counted else {}
    return extract.request_for_aggregate(
        store, catalogue, counting=counting_of(counted), columns=roles, **asked
    )


def _at_home(
    content: dict[str, Any], request: extract.EngineRequest, out: Path, folder: Path
) -> dict[str, Any]:
    """The question with the files where they are here, and not where a box would have them."""
    real = {bound.target: str(bound.source) for bound in request.inputs}
    for table in content["tables"].values():
        table["files"] = [real[file] for file in table["files"]]
    if content["absent"] is not None:
        inside = content["absent"]["file"]
        content["absent"]["file"] = real.get(inside, str(folder / "code" / Path(inside).name))
    return content | {"out": str(out)}


def _failed(report: extract.EngineReport) -> TrialFailed:
    what = report.rule or report.error
    place = f"line {report.line} of the query that was run" if report.line else ""
    sentence = f"The engine did not answer: {what.replace('_', ' ')}."
    return TrialFailed(
        Reason("trial-failed", sentence, HINTS.get(report.error or "refused", _ANY_HINT), place)
    )


def _all(catalogue: Catalogue) -> Mapping[str, tuple[str, ...]]:
    return {table.name: tuple(column.name for column in table.columns) for table in catalogue.tables}
