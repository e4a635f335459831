"""Through CTEs, subqueries, set operations, joins: where every column comes from and whose every row is.

It works on resolved queries, from the inside out, and fills `Traces`. It refuses nothing and runs nothing; what it cannot
follow becomes a Doubt, which keeps a number from being called proved.
"""

from collections.abc import Iterator
from dataclasses import replace

from job_specs.sql.columns import Columns, evidence_name
from job_specs.sql.facts import Chosen, ColumnTrace, Doubt, Facts, Grain, Level, SelectTrace, Source, Traces
from job_specs.sql.ir import (
    Among,
    Column,
    Constant,
    Cte,
    Derived,
    Exists,
    Expr,
    Join,
    Named,
    Query,
    Relation,
    Rows,
    Select,
    Series,
    SetOp,
    Single,
    Window,
    conjuncts,
    join_conditions,
    walk,
)
from job_specs.sql.made import labels_in
from job_specs.sql.model import PATIENT, PEOPLE, ColumnFact, Scope
from job_specs.sql.resolve import has_aggregate
from job_specs.sql.ties import Sources, constant_keys

_TWICE = (
    "An aggregate over groups of people is fed into another aggregate; which people are behind it is lost."
)
_WINDOW = "A window function looks at several people's rows at once: partition it by the patient."
_OTHERS = "A subquery reads other people's rows: link its patient identifier to the outer row's."
_CUT = "LIMIT keeps some people's rows and drops others'."
_MERGED = "A set operation merges or removes rows that are groups of people."
_UNEVEN = "One side of the set operation has rows that are people, the other rows that are groups."
_NULL_KEY = "It groups by a patient identifier that is missing in some rows, which puts several people into one group."
_PICKED = "DISTINCT ON keeps one person's row out of several people's."


def trace(query: Query, scope: Scope) -> Traces:
    """What can be worked out about a resolved query and everything in it."""
    tracer = _Tracer(scope)
    tracer.query(query)
    return tracer.traces


class _Tracer:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.traces = Traces()
        self._columns = Columns(self.traces)

    def query(self, query: Query) -> Facts:
        for cte in query.ctes:
            self._cte(cte)
        facts = self._select(query) if isinstance(query, Select) else self._set_operation(query)
        self.traces.queries[id(query)] = facts
        return facts

    def _cte(self, cte: Cte) -> None:
        self.traces.by_cte[cte.name] = self.query(cte.query)

    # -- FROM ---------------------------------------------------------------------------------------------------

    def _enter(self, relation: Relation | None) -> None:
        match relation:
            case Join():
                self._enter(relation.left)
                self._enter(relation.right)
                if relation.on is not None:
                    self._inner_queries(relation.on)
            case Named():
                known = self.traces.by_cte[relation.name] if relation.common else self._table(relation.name)
                self.traces.by_alias[relation.alias] = known
            case Derived():
                self.traces.by_alias[relation.alias] = self.query(relation.query)
            case Rows():
                self.traces.by_alias[relation.alias] = _constants(relation)
            case Series():
                columns = tuple(ColumnTrace(name, chosen=Chosen.AMONG_DATES) for name in relation.columns)
                self.traces.by_alias[relation.alias] = Facts(
                    Level.NOBODY, columns, keys=frozenset(relation.columns)
                )
            case None:
                pass

    def _table(self, name: str) -> Facts:
        table = self._scope.table(name)
        if table is None:
            return Facts(Level.NOBODY, ())
        unique = table.rows_are == "patients"
        columns = tuple(
            ColumnTrace(
                column.name,
                frozenset({(table.name, column.name)}),
                patient=column.name == table.patient,
                sure=column.name == table.patient,
                fixed=unique or column.name == table.patient,
                grain=_grain(column),
            )
            for column in table.columns
        )
        level = Level.ONE if table.patient else Level.NOBODY
        return Facts(level, columns, unique, person=table.patient, records=bool(table.patient))

    # -- SELECT -------------------------------------------------------------------------------------------------

    def _select(self, select: Select) -> Facts:
        self._enter(select.source)
        own = frozenset(_aliases(select.source))
        source = Sources(self.traces, own).of(select.source, tuple(conjuncts(select.where)))
        for expr in _expressions(select):
            source = self._with_subqueries(expr, source)
        source = replace(source, records=source.records and self._once(select, source))
        grouped = select.group is not None or any(has_aggregate(item.value) for item in select.items)
        grouped = grouped or (select.having is not None)
        facts = self._grouped(select, source) if grouped else self._row_by_row(select, source)
        facts = self._through_windows(select, source, facts)
        facts = self._cut(select, facts)
        self.traces.selects[id(select)] = SelectTrace(
            select, source, facts.level, grouped or self._folds(select, source), facts
        )
        return facts

    def _folds(self, select: Select, source: Source) -> bool:
        """SELECT DISTINCT of people's rows without their identifier makes groups, as GROUP BY would."""
        return (
            select.distinct
            and source.level in {Level.ONE, Level.MIXED}
            and not self._keeps_person(select, source)
        )

    def _keeps_person(self, select: Select, source: Source) -> bool:
        return any(item.value in source.sure for item in select.items)

    def _row_by_row(self, select: Select, source: Source) -> Facts:
        if self._folds(select, source):
            return self._groups(select, source, ())
        columns = tuple(self._columns.column(item, source) for item in select.items)
        facts = Facts(
            source.level,
            columns,
            unique=source.unique or self._one_row_kept(select, source) or _distinct_people(select, columns),
            nullable=source.nullable,
            single=source.single,
            records=source.records,
            tied=source.tied,
            person=self._person(source, columns),
            doubts=source.doubts,
        )
        if (select.distinct or select.distinct_on) and source.level is Level.MANY:
            facts = _doubting(facts, _MERGED, select.at)
        if select.distinct_on and source.level in {Level.ONE, Level.MIXED}:
            facts = self._distinct_on(select, source, facts)
        if facts.level is Level.NOBODY:
            return replace(facts, keys=self._kept_keys(select, source))
        return _all_fixed(facts) if facts.unique and facts.level is Level.ONE else facts

    def _kept_keys(self, select: Select, source: Source) -> frozenset[str]:
        """Columns of a lookup that pass through unchanged still repeat no value, while nothing multiplies its rows."""
        if len(source.aliases) != 1:
            return frozenset()
        (alias,) = source.aliases
        keys = {Column(alias, name) for name in self.traces.by_alias[alias].keys}
        return frozenset(item.name or "" for item in select.items if item.value in keys)

    def _distinct_on(self, select: Select, source: Source, facts: Facts) -> Facts:
        if not any(target in source.sure for target in select.distinct_on):
            return _doubting(facts, _PICKED, select.at)
        return replace(
            facts, unique=facts.unique or all(self._columns.is_fixed(t, source) for t in select.distinct_on)
        )

    def _person(self, source: Source, columns: tuple[ColumnTrace, ...]) -> str | None:
        if source.level is not Level.ONE:
            return None
        visible = next((column.name for column in columns if column.sure), None)
        return visible or (PATIENT if source.person is not None else None)

    def _one_row_kept(self, select: Select, source: Source) -> bool:
        """`rn = 1` on a row_number() within the patient, in WHERE or QUALIFY."""
        kept = [*conjuncts(select.where), *conjuncts(select.qualify)]
        return source.level is Level.ONE and any(
            self._columns.is_first_rank(condition, source) for condition in kept
        )

    def _grouped(self, select: Select, source: Source) -> Facts:
        keys, always = select.group.keys if select.group else (), _always(select)
        if source.level is Level.NOBODY:
            columns = tuple(self._columns.column(item, source) for item in select.items)
            return Facts(Level.NOBODY, columns, single=not keys, doubts=source.doubts)
        if not keys and source.tied and source.level is Level.ONE:
            return self._of_the_outer_patient(select, source)
        persons = [key for key in keys if self._columns.is_patient(key)]
        if not persons:
            return self._groups(select, source, keys)
        if source.level is Level.ONE and any(key in source.sure for key in always):
            return self._per_person(select, source, keys)
        columns = tuple(self._columns.column(item, source) for item in select.items)
        return _doubting(Facts(Level.MIXED, columns, doubts=source.doubts), _NULL_KEY, select.at)

    def _once(self, select: Select, source: Source) -> bool:
        """Whether no record stands twice where it is counted: of whatever may repeat it, a group has one row."""
        always = _always(select)
        return all(
            any(Column(alias, name) in always for name in self.traces.by_alias[alias].keys)
            for alias in source.fanned
        )

    def _of_the_outer_patient(self, select: Select, source: Source) -> Facts:
        """An aggregate of the outer row's own patient: one row, whatever is inside."""
        columns = tuple(
            replace(self._columns.column(item, source), patient=False, sure=False, fixed=False)
            for item in select.items
        )
        return Facts(Level.ONE, columns, unique=True, single=True, tied=source.tied, doubts=source.doubts)

    def _per_person(self, select: Select, source: Source, keys: tuple[Expr, ...]) -> Facts:
        columns = tuple(self._columns.column(item, source) for item in select.items)
        one_set = len(select.group.sets if select.group else ()) == 1
        unique = one_set and all(self._columns.is_fixed(key, source) for key in keys)
        visible = next((column.name for column in columns if column.sure), None)
        facts = Facts(
            Level.ONE,
            columns,
            unique,
            source.nullable,
            records=source.records and not source.fanned and one_set,
            tied=source.tied,
            person=visible or PATIENT,
            doubts=source.doubts,
        )
        if select.distinct and visible is None:
            return _doubting(replace(facts, level=Level.MIXED), _MERGED, select.at)
        return _all_fixed(facts) if unique else facts

    def _groups(self, select: Select, source: Source, keys: tuple[Expr, ...]) -> Facts:
        source = replace(source, keys=frozenset(keys))
        columns = tuple(self._columns.measured(item, source) for item in select.items)
        facts = Facts(Level.MANY, columns, single=not keys and not select.distinct, doubts=source.doubts)
        if select.distinct and select.group is not None:
            facts = _doubting(facts, _MERGED, select.at)
        return _doubting(facts, _TWICE, select.at) if source.level is Level.MANY else facts

    # -- what lies inside expressions ---------------------------------------------------------------------------

    def _inner_queries(self, expr: Expr) -> list[tuple[Exists | Among | Single, Facts]]:
        found: list[tuple[Exists | Among | Single, Facts]] = []
        for node in walk(expr, into_queries=False):
            if isinstance(node, Exists | Among | Single):
                known = self.traces.queries.get(id(node.query))
                found.append((node, known or self.query(node.query)))
        return found

    def _with_subqueries(self, expr: Expr, source: Source) -> Source:
        for node, facts in self._inner_queries(expr):
            source = replace(source, doubts=(*source.doubts, *facts.doubts))
            if not self._about_this_patient(node, facts, source):
                source = source.doubting(_OTHERS, node.at)
        return source

    def _about_this_patient(self, node: Exists | Among | Single, facts: Facts, source: Source) -> bool:
        if facts.level is Level.NOBODY:
            return True
        if facts.level is Level.ONE and facts.tied & (source.same | source.tied):
            return True
        if not isinstance(node, Among) or facts.level is not Level.ONE:
            return False
        return node.value in source.same and facts.columns[0].patient

    def _through_windows(self, select: Select, source: Source, facts: Facts) -> Facts:
        for expr in (*(item.value for item in select.items), *conjuncts(select.qualify), *_sort_keys(select)):
            for node in walk(expr, into_queries=False):
                if isinstance(node, Window) and not self._own_window(node, source):
                    facts = _doubting(facts, _WINDOW, node.at)
        return facts

    def _own_window(self, window: Window, source: Source) -> bool:
        if source.level is Level.NOBODY:
            return True
        return source.level is Level.ONE and any(key in source.sure for key in window.partition)

    def _cut(self, select: Select | SetOp, facts: Facts) -> Facts:
        if select.limit is None and select.offset is None:
            return facts
        if facts.tied and facts.level is Level.ONE:
            one = isinstance(select.limit, Constant) and select.limit.text in {"0", "1"}
            return replace(facts, unique=facts.unique or one, single=facts.single or one)
        if facts.level in {Level.NOBODY, Level.MANY}:
            return facts
        return _doubting(facts, _CUT, select.at)

    # -- set operations -----------------------------------------------------------------------------------------

    def _set_operation(self, query: SetOp) -> Facts:
        left, right = self.query(query.left), self.query(query.right)
        level = _common_level(left.level, right.level)
        doubts = (*left.doubts, *right.doubts)
        if level is None:
            columns = tuple(_either(a, b) for a, b in zip(left.columns, right.columns, strict=True))
            return _doubting(Facts(Level.MIXED, columns, doubts=doubts), _UNEVEN, query.at)
        columns = tuple(_stacked(a, b, level) for a, b in zip(left.columns, right.columns, strict=True))
        facts = Facts(
            level,
            columns,
            nullable=left.nullable or right.nullable or left.level is not right.level,
            tied=left.tied & right.tied,
            person=next((column.name for column in columns if column.sure), None)
            if level is Level.ONE
            else None,
            doubts=doubts,
        )
        return self._cut(query, self._merged(query, facts, (left, right)))

    def _merged(self, query: SetOp, facts: Facts, sides: tuple[Facts, Facts]) -> Facts:
        if facts.level is Level.MANY and not (query.kind == "union" and query.all):
            return _doubting(facts, _MERGED, query.at)
        if facts.level is not Level.ONE:
            return facts
        if query.kind == "union" and query.all:
            return replace(facts, person=facts.person or PATIENT)
        if facts.person is None:
            return _doubting(replace(facts, level=Level.MIXED), _MERGED, query.at)
        # UNION, EXCEPT and INTERSECT leave no row twice; EXCEPT and INTERSECT never add a row to the left side.
        kept = sides[0].unique and query.kind != "union"
        return replace(
            facts, unique=kept or (not query.all and all(column.patient for column in facts.columns))
        )


def _always(select: Select) -> list[Expr]:
    """What is one value in every row of a SELECT with GROUP BY: the keys that all of its grouping sets have."""
    if select.group is None:
        return []
    return [key for at, key in enumerate(select.group.keys) if all(at in one for one in select.group.sets)]


def _aliases(relation: Relation | None) -> Iterator[str]:
    if isinstance(relation, Join):
        yield from _aliases(relation.left)
        yield from _aliases(relation.right)
    elif relation is not None:
        yield relation.alias


def _expressions(select: Select) -> Iterator[Expr]:
    for item in select.items:
        yield item.value
    yield from (expr for expr in (select.where, select.having, select.qualify) if expr is not None)
    yield from select.group.keys if select.group else ()
    yield from _sort_keys(select)
    yield from join_conditions(select.source)


def _sort_keys(select: Select) -> Iterator[Expr]:
    return (order.key for order in select.order)


def _grain(column: ColumnFact) -> Grain:
    if not column.dimension:
        return Grain.ITSELF
    return Grain.DAY if column.type.upper().startswith(("DATE", "TIMESTAMP")) else Grain.COARSE


def _constants(rows: Rows) -> Facts:
    columns = tuple(
        ColumnTrace(
            name,
            fixed=len(rows.rows) == 1,
            chosen=Chosen.AMONG_DATES,
            made=labels_in(row[at] for row in rows.rows),
        )
        for at, name in enumerate(rows.columns)
    )
    return Facts(Level.NOBODY, columns, single=len(rows.rows) == 1, keys=constant_keys(rows))


def _doubting(facts: Facts, reason: str, at: int) -> Facts:
    return replace(facts, doubts=(*facts.doubts, Doubt(reason, at)))


def _all_fixed(facts: Facts) -> Facts:
    return replace(facts, columns=tuple(replace(column, fixed=True) for column in facts.columns))


def _distinct_people(select: Select, columns: tuple[ColumnTrace, ...]) -> bool:
    return select.distinct and any(c.sure for c in columns) and all(c.fixed or c.sure for c in columns)


def _common_level(left: Level, right: Level) -> Level | None:
    levels = {left, right} - {Level.NOBODY}
    if not levels:
        return Level.NOBODY
    return levels.pop() if len(levels) == 1 else None


def _either(left: ColumnTrace, right: ColumnTrace) -> ColumnTrace:
    return replace(
        left, origins=left.origins | right.origins, patient=left.patient or right.patient, sure=False, fixed=False,
        rank=False, grain=max(left.grain, right.grain), people="", chosen=_chosen_between(left, right),
        everybody=left.everybody and right.everybody, made=left.made | right.made,
        conditional=left.conditional or right.conditional,
    )  # fmt: skip


def _chosen_between(left: ColumnTrace, right: ColumnTrace) -> Chosen:
    """Of two sides, either may be chosen already; and where one of them is a constant, the sides are the choice."""
    made_up = Chosen.NOWHERE if left.origins and right.origins else Chosen.ANYWHERE
    return max(left.chosen, right.chosen, made_up)


def _stacked(left: ColumnTrace, right: ColumnTrace, level: Level) -> ColumnTrace:
    both = _either(left, right)
    if level is Level.ONE:
        return replace(both, sure=left.sure and right.sure)
    if level is not Level.MANY:
        return both
    role = left.role if left.role == right.role else "other"
    return replace(both, role=role, people=_stacked_people(left, right, role))


def _stacked_people(left: ColumnTrace, right: ColumnTrace, role: str) -> str:
    if role == "dimension":
        return PEOPLE
    own = left.people == left.name and right.people == right.name
    return left.name if own and role == "count_people" else evidence_name(left.name)
