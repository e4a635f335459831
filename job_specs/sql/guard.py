"""The guard: a researcher's text -> the one canonical query that may be run, or a refusal that says what to do [P8] [P9].

It is the first of several walls and behaves as if it were the only one. It refuses whatever it does not fully
understand: what two parsers read differently, what is not on a list, what reaches outside the scope, what points at one
person, and a result with rows of people. What it returns is text we wrote ourselves; the researcher's is not run.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from job_specs.model import TableScope
from job_specs.sql import duck
from job_specs.sql.agree import understand
from job_specs.sql.facts import Chosen, Facts, Grain, Level, Traces
from job_specs.sql.groups import Groups, check_stacked
from job_specs.sql.identifiers import check_identifiers
from job_specs.sql.intervals import in_one_pass
from job_specs.sql.ir import (
    Column,
    Named,
    Parameter,
    Query,
    Select,
    SetOp,
    Single,
    walk,
)
from job_specs.sql.kept import coarsely
from job_specs.sql.lineage import trace
from job_specs.sql.mixing import mixes
from job_specs.sql.model import Guarded, Scope, Shape
from job_specs.sql.read import check_text
from job_specs.sql.refusals import Refusals
from job_specs.sql.resolve import names_of
from job_specs.sql.second import DIALECTS, second_reading
from job_specs.sql.write import write

_NONE: Mapping[str, Any] = {}


def guard(
    untrusted_sql: str,
    scope: Scope,
    *,
    parameters: Mapping[str, Any] = _NONE,
    shape: Shape = Shape.AGGREGATE,
    dialect: str = "duckdb",
    file: str = "query.sql",
) -> Guarded:
    """Admit a query over this scope, by default one whose rows are groups of people.

    Args:
        untrusted_sql: the researcher's text.
        scope: only what this study may touch.
        parameters: values for `$name`; the query may use no others.
        shape: what a row of the result must be.
        dialect: what it is written in; all but DuckDB's is translated first, and then held to the same rules. Places in
            problems are then places in the translation.
        file: the name shown in problems.

    Raises:
        SqlRefused: everything wrong with the text, each with a place, the rule, and a way out.
    """
    untrusted_sql = translated(untrusted_sql, dialect, file=file)
    refusals = Refusals(untrusted_sql, file)
    query = understand(untrusted_sql, scope, parameters=frozenset(parameters), refusals=refusals)
    traces = trace(query, scope)
    _check_people(query, traces, parameters, refusals)
    facts = traces.queries[id(query)]
    (_check_aggregate if shape is Shape.AGGREGATE else _check_extract)(query, facts, refusals)
    refusals.settle()
    is_extract = shape is Shape.EXTRACT
    used = {node.name: parameters[node.name] for node in walk(query) if isinstance(node, Parameter)}
    canonical = write(in_one_pass(coarsely(query, traces), scope, used))
    _check_binds(names_of(query), duck.bind(canonical, scope, used), refusals)
    return Guarded(
        canonical,
        tables_of(query, scope),
        names_of(query),
        used,
        shape,
        _uniqueness(shape, facts),
        () if is_extract else tuple(_cautions(facts)),
        _chosen(facts) if is_extract else (),
        is_extract and mixes(query, traces),
        {column.name: column.made for column in facts.columns} if is_extract else {},
    )


def guard_extract(
    untrusted_sql: str,
    scope: Scope,
    *,
    parameters: Mapping[str, Any] = _NONE,
    dialect: str = "duckdb",
    file: str = "query.sql",
) -> Guarded:
    """Admit a query that gives one row for each patient, whose first column is `patient_id`.

    That the column is the patient's own is proved by lineage. That no patient has two rows is proved where the text
    shows it; otherwise `one_row_per_patient` says "to be checked", and whoever runs the query must check it.

    Raises:
        SqlRefused: as `guard`.
    """
    return guard(untrusted_sql, scope, parameters=parameters, shape=Shape.EXTRACT, dialect=dialect, file=file)


def translated(untrusted_sql: str, dialect: str, *, file: str = "query.sql") -> str:
    """The text in DuckDB's dialect, for its author to see and for the guard to judge.

    Raises:
        SqlRefused: the dialect is not one that is read, or the text does not translate to one query.
    """
    if dialect == "duckdb":
        return untrusted_sql
    refusals = Refusals(untrusted_sql, file)
    if dialect not in DIALECTS:
        raise refusals.stop("sql-dialect", text=dialect)
    check_text(untrusted_sql, refusals)
    translation = second_reading(untrusted_sql, dialect=dialect)
    if translation is None:
        raise refusals.stop("sql-dialect")
    return translation


def tables_of(query: Query, scope: Scope) -> tuple[TableScope, ...]:
    """The tables and columns of the scope that a resolved query reads, in the scope's order."""
    nodes = list(walk(query))
    tables = {node.alias: node.name for node in nodes if isinstance(node, Named) and not node.common}
    used = {
        (tables[node.source], node.name)
        for node in nodes
        if isinstance(node, Column) and node.source in tables
    }
    read = [table for table in scope.tables if table.name in tables.values()]
    return tuple(
        TableScope(
            table.name,
            # A table that is only counted still needs one column to be read by; its first is named.
            tuple(c.name for c in table.columns if (table.name, c.name) in used) or (table.columns[0].name,),
        )
        for table in read
    )


def _check_people(query: Query, traces: Traces, parameters: Mapping[str, Any], refusals: Refusals) -> None:
    check_identifiers(query, traces, refusals)
    for node in walk(query):
        if isinstance(node, Single):
            _check_single(node, traces.queries[id(node.query)], refusals)
        if isinstance(node, Select):
            Groups(traces.selects[id(node)], traces, parameters).check(refusals)
        if isinstance(node, SetOp):
            check_stacked(node, traces.queries[id(node)], refusals)
        if isinstance(node, Select | SetOp):
            _check_limit(node, traces.queries[id(node)], refusals)


def _check_single(node: Single, facts: Facts, refusals: Refusals) -> None:
    """A value subquery over people is an aggregate, or is about the outer row's own patient."""
    if facts.level in {Level.ONE, Level.MIXED} and not facts.tied:
        refusals.add("sql-single-row", node.at)


def _check_limit(query: Query, facts: Facts, refusals: Refusals) -> None:
    people = facts.level in {Level.ONE, Level.MIXED} and not facts.tied
    if people and (query.limit is not None or query.offset is not None):
        refusals.add("sql-limit", getattr(query.limit or query.offset, "at", query.at))


def _check_aggregate(query: Query, facts: Facts, refusals: Refusals) -> None:
    if facts.level in {Level.ONE, Level.MIXED} or any(column.patient for column in facts.columns):
        refusals.add("sql-rows-of-people", query.at)
    for column in facts.columns:
        if column.role == "dimension" and column.grain is Grain.ITSELF and not column.patient:
            refusals.add("sql-dimension", query.at, text=column.name)


def _check_extract(query: Query, facts: Facts, refusals: Refusals) -> None:
    if facts.level not in {Level.ONE, Level.MIXED}:
        refusals.add("sql-extract-rows", query.at)
        return
    first, *others = facts.columns
    if first.name != "patient_id" or not first.patient or (facts.level is Level.ONE and not first.sure):
        refusals.add("sql-extract-first", query.at, text=first.name)
    for column in others:
        if column.patient:
            refusals.add("sql-extract-patient-once", query.at, text=column.name)


def _check_binds(
    names: tuple[str, ...], columns: tuple[tuple[str, str], ...] | None, refusals: Refusals
) -> None:
    """The executing engine must find the same columns in the text as we did, over empty tables of this scope."""
    if columns is None:
        raise refusals.stop("sql-binds-not")
    if tuple(name for name, _ in columns) != names:
        raise refusals.stop("sql-parsers-differ")


def _uniqueness(shape: Shape, facts: Facts) -> Literal["proved", "to be checked", "not asked"]:
    if shape is Shape.AGGREGATE:
        return "not asked"
    return "proved" if facts.level is Level.ONE and facts.unique and not facts.nullable else "to be checked"


def _chosen(facts: Facts) -> tuple[str, ...]:
    made_up = (each for each in facts.columns if each.chosen is Chosen.ANYWHERE or each.conditional)
    return tuple(each.name for each in made_up)


def _cautions(facts: Facts) -> Iterator[str]:
    for column in facts.columns:
        if column.role == "dimension" and column.grain is Grain.DAY:
            yield f"`{column.name}` has a group for each day: many will be too small to leave. Group by month or year."
