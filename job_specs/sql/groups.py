"""Which groups of people stay in a result and in which order they come: neither may tell of what is not shown [P10].

A row is kept, or comes first, by what it is or by how many people it holds; a LIMIT keeps rows by that number as it may be
shown (`kept`). It refuses every other filter and order: one
that asks for less points at the few, one that counts under a condition answers yes or no about somebody in a row of many,
and a bound of one's own choosing counts exactly what is rounded.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from job_specs.sql.columns import Columns
from job_specs.sql.facts import Facts, Level, SelectTrace, Traces
from job_specs.sql.ir import Call, Constant, Expr, Parameter, SetOp, conjuncts, join_conditions
from job_specs.sql.kept import counts_people, is_coarse, is_cut, key_of, names
from job_specs.sql.refusals import Refusals
from job_specs.sql.roles import COUNTS, Leaf, leaves, role_of

_SMALLEST = frozenset({7, 8})
_STEP = 5
"""A bound is the smallest group that may be shown, or as coarse as the rounding of what is shown."""


class Groups:
    """One SELECT whose rows are groups of people, or are read from such rows."""

    def __init__(self, select: SelectTrace, traces: Traces, parameters: Mapping[str, Any]) -> None:
        """Over what was worked out about it; `parameters` are the values that its bounds may be."""
        self._select = select
        self._traces = traces
        self._columns = Columns(traces)
        self._parameters = parameters

    def check(self, refusals: Refusals) -> None:
        """Note every filter and every order that tells of more than the rows do."""
        for condition in self._conditions():
            if self._measured(condition) and not self._asks_for_more(condition):
                refusals.add("sql-having", getattr(condition, "at", 0))
        named, whole = set[Expr](), frozenset(names(self._select, self._traces))
        for key in self._order():
            if whole <= named:
                break  # no two rows are left that this key could put in order
            if self._measured(key) and not self._may_order(key):
                refusals.add("sql-order", getattr(key, "at", 0))
            named.add(key)
        for key in self._select.select.distinct_on if self._is_of_groups() else ():
            if self._measured(key):
                refusals.add("sql-order", getattr(key, "at", 0))

    def _may_order(self, key: Expr) -> bool:
        """By everybody in a group; where only some groups are kept, by people, whose number is made coarse then."""
        if not is_cut(self._select.select):
            return is_coarse(key) or self._columns.counts_everybody(key)
        everybody = is_coarse(key) or self._columns.counts_everybody(key)
        return (
            everybody and not self._select.select.distinct and counts_people(key, self._select, self._traces)
        )

    def _is_of_groups(self) -> bool:
        return Level.MANY in (self._select.level, self._select.source.level)

    def _conditions(self) -> Iterator[Expr]:
        select, source = self._select.select, self._select.source
        if self._select.level is Level.MANY:
            yield from conjuncts(select.having)
            yield from conjuncts(select.qualify)
        if source.level is Level.MANY:
            yield from (*conjuncts(select.where), *conjuncts(select.qualify))
            yield from (part for on in join_conditions(select.source) for part in conjuncts(on))

    def _order(self) -> Iterator[Expr]:
        if self._is_of_groups():
            yield from (key_of(self._select.select, order) for order in self._select.select.order)

    def _measured(self, expr: Expr) -> list[Leaf]:
        return list(leaves(expr, self._select.source, self._traces))

    def _asks_for_more(self, condition: Expr) -> bool:
        match condition:
            case Call((">" | ">="), (measure, bound)) | Call(("<" | "<="), (bound, measure)):
                return self._counts(measure) and self._is_coarse(bound)
            case _:
                return False

    def _counts(self, measure: Expr) -> bool:
        """It counts everybody, and no author made more rows of them: `105` of five rows each are 21 people exactly."""
        role = role_of(measure, self._select.source, self._traces)
        return self._columns.counts_everybody(measure) and role in COUNTS

    def _is_coarse(self, bound: Expr) -> bool:
        value = self._parameters.get(bound.name) if isinstance(bound, Parameter) else None
        if isinstance(bound, Constant) and bound.kind == "integer":
            value = int(bound.text)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and value is not None and value > 0 and (value in _SMALLEST or value % _STEP == 0)


def check_stacked(query: SetOp, facts: Facts, refusals: Refusals) -> None:
    """Note an order of stacked groups by a number that does not count everybody in them."""
    cut = query.limit is not None or query.offset is not None
    labels = {place for place, column in enumerate(facts.columns, 1) if column.role == "dimension"}
    named = set[int]()
    for order in query.order:
        if labels and labels <= named and not cut:
            break
        named.add(int(order.key.text) if isinstance(order.key, Constant) else 0)
        column = facts.columns[int(order.key.text) - 1] if isinstance(order.key, Constant) else None
        if column is None or (column.role != "dimension" and (cut or not column.everybody)):
            refusals.add("sql-order", getattr(order.key, "at", query.at))
