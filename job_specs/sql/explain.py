"""Everything the guard can say of a query, as plain data: verdict, refusals, lineage, classes, the units query.

It refuses nothing of its own; it reports what `guard` and `units` decided.
"""

from collections.abc import Mapping
from typing import Any

from job_specs.errors import Problem, Where
from job_specs.sql.agree import understand
from job_specs.sql.guard import guard, translated
from job_specs.sql.lineage import trace
from job_specs.sql.model import Guarded, NotProved, Scope, Shape, SqlRefused, Units
from job_specs.sql.refusals import Refusals
from job_specs.sql.units import units

_NONE: Mapping[str, Any] = {}


def explain(
    untrusted_sql: str,
    scope: Scope,
    *,
    parameters: Mapping[str, Any] = _NONE,
    shape: Shape = Shape.AGGREGATE,
    dialect: str = "duckdb",
    file: str = "query.sql",
) -> dict[str, Any]:
    """A verdict and its reasons, ready for JSON."""
    try:
        text = translated(untrusted_sql, dialect, file=file)
        guarded = guard(text, scope, parameters=parameters, shape=shape, file=file)
    except SqlRefused as refused:
        return {"verdict": "refused", "refusals": [_problem(problem) for problem in refused.problems]}
    report = {
        "verdict": "admitted",
        "shape": shape.value,
        "sql": guarded.sql,
        "tables": {read.table: list(read.columns) for read in guarded.tables},
        "cautions": list(guarded.cautions),
    }
    if dialect != "duckdb":
        report["translated"] = text
    return report | (_extract(guarded, scope) if shape is Shape.EXTRACT else _aggregate(guarded, scope))


def origins(guarded: Guarded, scope: Scope) -> dict[str, list[str]]:
    """For each output column, the columns of the study's tables that its value depends on."""
    refusals = Refusals(guarded.sql)
    query = understand(guarded.sql, scope, parameters=frozenset(guarded.parameters), refusals=refusals)
    facts = trace(query, scope).queries[id(query)]
    return {
        column.name: sorted(f"{table}.{name}" for table, name in column.origins) for column in facts.columns
    }


def _extract(guarded: Guarded, scope: Scope) -> dict[str, Any]:
    columns = [{"name": name, "from": sources} for name, sources in origins(guarded, scope).items()]
    return {"columns": columns, "one_row_per_patient": guarded.one_row_per_patient}


def _aggregate(guarded: Guarded, scope: Scope) -> dict[str, Any]:
    counted, sources = units(guarded, scope), origins(guarded, scope)
    columns = [
        {"name": column.name, "class": column.role, "people": column.people, "from": sources[column.name]}
        for column in counted.columns
    ]
    return {"columns": columns, "units": _units(counted)}


def _units(counted: Units | NotProved) -> dict[str, Any]:
    if isinstance(counted, Units):
        beside = {"bound": counted.bound, "narrow": counted.narrow, "shares": counted.shares}
        return {"proved": True, "sql": counted.sql} | {name: text for name, text in beside.items() if text}
    return {"proved": False, "reason": counted.reason, "where": _where(counted.where)}


def _problem(problem: Problem) -> dict[str, Any]:
    said = {"code": problem.code, "where": _where(problem.where), "text": problem.text}
    nearest = {"nearest": problem.nearest} if problem.nearest else {}
    return said | {"rule": problem.rule, "fix": problem.fix} | nearest


def _where(where: Where) -> dict[str, Any]:
    return {"file": where.file, "line": where.line, "column": where.column}
