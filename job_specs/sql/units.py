"""How many people stand behind every cell: the query that counts them, or why it cannot be had.

The guarded query is read again from the text that will run, its lineage worked out, and each of its steps given the
columns that carry the patient (where rows are people) or the counts of people (where rows are groups). The rows and the
researcher's columns stay as they were. It refuses to prove anything about which lineage has a doubt [P9] [P10].
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from job_specs.sql.agree import understand
from job_specs.sql.apart import alone, counts_everybody, members, narrowed, shares_apart, sums, written
from job_specs.sql.choices import ZERO
from job_specs.sql.columns import evidence_name
from job_specs.sql.evidence import Evidence, GroupEvidence, shares
from job_specs.sql.facts import Facts, Level, SelectTrace, Traces
from job_specs.sql.ir import (
    NULL,
    Call,
    Constant,
    Cte,
    Derived,
    Expr,
    Grouping,
    Item,
    Join,
    Query,
    Relation,
    Select,
    SetOp,
)
from job_specs.sql.lineage import trace
from job_specs.sql.model import PATIENT, PEOPLE, Guarded, NotProved, OutputColumn, Scope, Units
from job_specs.sql.refusals import Refusals
from job_specs.sql.write import write

_EXACT = frozenset({"count_people", "percentile"})
"""Roles of which a check wants to know how many people there are exactly, however many."""
_NO_PEOPLE = "It reads no table of people, so nobody stands behind its numbers."
_NOT_GROUPS = "Its rows are people, not groups of people."
_WHERE = "guarded.sql"


@dataclass(frozen=True)
class _Extra:
    """A column that a query gives besides the researcher's."""

    name: str
    kind: Literal["person", "row", "cell", "all", "top1", "top2"]
    position: int = 0


def units(guarded: Guarded, scope: Scope) -> Units | NotProved:
    """The query that counts people beside every cell of a guarded aggregate, or the reason it cannot be proved.

    Raises:
        SqlRefused: when the text is not one that the guard wrote for this scope.
    """
    refusals = Refusals(guarded.sql, _WHERE)
    query = understand(guarded.sql, scope, parameters=frozenset(guarded.parameters), refusals=refusals)
    traces = trace(query, scope)
    facts = traces.queries[id(query)]
    columns = tuple(_output_columns(query, facts, traces))
    doubt = next(iter(facts.doubts), None)
    if doubt is not None:
        return NotProved(doubt.reason, refusals.where(doubt.at), columns)
    if facts.level is not Level.MANY:
        reason = _NO_PEOPLE if facts.level is Level.NOBODY else _NOT_GROUPS
        return NotProved(reason, refusals.where(0), columns)
    exact = write(_Counting(traces, exact=True).query(query, tuple(_extras(columns, facts))))
    return _beside(Units(exact, columns), query, traces)


def _beside(counted: Units, query: Query, traces: Traces) -> Units:
    """With the queries that spare the exact count of distinct people, where there is one to spare; and shares of sums."""
    row = (_Extra(PEOPLE, "all"),)
    exact, bound = (_Counting(traces, exact=way).query(query, row) for way in (True, False))
    counted = replace(counted, shares=written(shares_apart(exact, query, traces)))
    counted = _with_members(counted, exact, query, traces)
    if exact == bound or any(column.role in _EXACT for column in counted.columns):
        return counted
    narrow = written(narrowed(exact, query, traces))
    return replace(counted, bound=write(alone(bound, query, traces)), narrow=narrow)


def _with_members(counted: Units, exact: Query, query: Query, traces: Traces) -> Units:
    """With the query of who is behind each row, where all cells of a row are about the same people."""
    found = members(exact, query, traces)
    own = [
        at
        for at, column in enumerate(counted.columns)
        if column.people != PEOPLE and not counts_everybody(query, at, traces)
    ]
    if found is None or own:
        return counted
    every, asked, keys = found
    return replace(counted, members=write(every), population=write(asked), keys=tuple(map(write, keys)))


def _output_columns(query: Query, facts: Facts, traces: Traces) -> Iterator[OutputColumn]:
    for position, column in enumerate(facts.columns):
        known = OutputColumn(
            column.name, column.role, column.people or PEOPLE, everybody=column.everybody, made=column.made
        )
        if facts.level is Level.MANY and _sums(query, position, traces):
            known = replace(known, top1=f"{column.name}__top1", top2=f"{column.name}__top2")
        yield known


def _extras(columns: tuple[OutputColumn, ...], facts: Facts) -> Iterator[_Extra]:
    yield _Extra(PEOPLE, "all")
    for position, column in enumerate(columns):
        if facts.columns[position].people == evidence_name(column.name):
            yield _Extra(column.people, "cell", position)
        if column.top1 is not None and column.top2 is not None:
            yield _Extra(column.top1, "top1", position)
            yield _Extra(column.top2, "top2", position)


def _sums(query: Query, position: int, traces: Traces) -> tuple[Call, ...]:
    """The sums and means in a column of the outermost SELECT, where each row summed is one person."""
    if not isinstance(query, Select):
        return ()
    source = traces.selects[id(query)].source
    return sums(query, position, traces) if source.unique and not source.nullable else ()


class _Counting:
    """Rewrites a query so that people are carried, or counted, through every step."""

    def __init__(self, traces: Traces, *, exact: bool) -> None:
        self._traces = traces
        self._exact = exact

    def query(self, query: Query, extras: tuple[_Extra, ...]) -> Query:
        """The same rows and columns, and after them the extra columns."""
        ctes = tuple(self._cte(cte) for cte in query.ctes)
        if isinstance(query, SetOp):
            left, right = self.query(query.left, extras), self.query(query.right, extras)
            return replace(query, left=left, right=right, ctes=ctes)
        return replace(self._select(query, extras), ctes=ctes)

    def _cte(self, cte: Cte) -> Cte:
        return replace(cte, query=self.query(cte.query, tuple(_carried(self._traces.by_cte[cte.name]))))

    def _select(self, select: Select, extras: tuple[_Extra, ...]) -> Select:
        traced = self._traces.selects[id(select)]
        added = tuple(Item(self._extra(extra, traced), extra.name) for extra in extras)
        source = self._relation(select.source) if select.source is not None else None
        counting = replace(select, items=(*select.items, *added), source=source)
        return _as_groups(counting, select) if select.distinct and traced.level is Level.MANY else counting

    def _relation(self, relation: Relation) -> Relation:
        match relation:
            case Join():
                return replace(
                    relation, left=self._relation(relation.left), right=self._relation(relation.right)
                )
            case Derived():
                extras = tuple(_carried(self._traces.by_alias[relation.alias]))
                return replace(relation, query=self.query(relation.query, extras))
            case _:
                return relation

    def _extra(self, extra: _Extra, traced: SelectTrace) -> Expr:
        if traced.level is Level.NOBODY:
            return NULL if extra.kind == "person" else ZERO
        match extra.kind:
            case "person":
                return _person(traced)
            case "row":
                return self._evidence(traced).row()
            case "cell":
                return self._cell(traced, extra.position)
            case "all":
                return self._all(traced)
            case "top1" | "top2":
                return shares(_sums(traced.select, extra.position, self._traces))[extra.kind == "top2"]

    def _evidence(self, traced: SelectTrace) -> Evidence | GroupEvidence:
        if traced.source.level is Level.MANY:
            return GroupEvidence(traced.source, self._traces, exact=self._exact)
        return Evidence(traced.source, self._traces, exact=self._exact)

    def _cell(self, traced: SelectTrace, position: int) -> Expr:
        column, evidence = traced.facts.columns[position], self._evidence(traced)
        return (
            evidence.row()
            if column.role == "dimension"
            else evidence.cell(traced.select.items[position].value)
        )

    def _all(self, traced: SelectTrace) -> Expr:
        """The smallest group of the row: its own people, and those of every cell that does not count its own."""
        row = self._evidence(traced).row()
        cells = [
            self._cell(traced, position)
            for position, column in enumerate(traced.facts.columns)
            if column.people == evidence_name(column.name)
        ]
        return self._evidence(traced).least([row, *cells]) if cells else row


def _carried(facts: Facts) -> Iterator[_Extra]:
    """The extra columns a step must give so that the next step can go on counting."""
    if facts.level is Level.ONE and facts.person == PATIENT:
        yield _Extra(PATIENT, "person")
    if facts.level is Level.MANY:
        yield _Extra(PEOPLE, "row")
        for position, column in enumerate(facts.columns):
            if column.people == evidence_name(column.name):
                yield _Extra(column.people, "cell", position)


def _person(traced: SelectTrace) -> Expr:
    """The patient of a row: the source's, or the key that a GROUP BY keeps of it."""
    group = traced.select.group
    kept = [key for key in group.keys if key in traced.source.sure] if group else []
    return kept[0] if kept else traced.source.person or NULL


def _as_groups(counting: Select, written: Select) -> Select:
    """SELECT DISTINCT said as the GROUP BY that it is, so that people can be counted beside it."""
    keys = tuple(item.value for item in written.items if not isinstance(item.value, Constant))
    return replace(
        counting, distinct=False, group=Grouping(keys, (tuple(range(len(keys))),)) if keys else None
    )
