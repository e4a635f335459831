"""Which groups of people a LIMIT keeps: decided by their numbers as they may be shown, and by their names where those are alike [P10].

`ORDER BY count(*) DESC LIMIT 1` compares exact numbers: whoever knows all of one group and all but one person of another would
learn of that one from which of the two is kept. So the guard writes the number as coarse as a shown one is, and then what
tells the rows apart. It refuses, by leaving it to `groups` to say so, every other number to choose by.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from job_specs.sql.facts import Level, SelectTrace, Traces
from job_specs.sql.ir import Call, Case, Column, Constant, Expr, Order, Query, Select, rewrite
from job_specs.sql.roles import leaves, role_of

_SMALLEST, _HALF, _STEP = (Constant("integer", text) for text in ("8", "2", "5"))


def is_cut(select: Select) -> bool:
    """Whether only some rows of a SELECT are kept, by the order in which they come."""
    return select.limit is not None or select.offset is not None or bool(select.distinct_on)


def coarsely(query: Query, traces: Traces) -> Query:
    """The same query, in which no exact number of people decides which groups are kept."""

    def change(node: Any) -> Any | None:
        traced = traces.selects.get(id(node)) if isinstance(node, Select) else None
        if traced is None or not _chooses(traced):
            return None
        return rewrite(replace(node, order=tuple(_orders(traced, traces))), change)

    return rewrite(query, change)


def _chooses(traced: SelectTrace) -> bool:
    of_groups = Level.MANY in (traced.level, traced.source.level)
    return of_groups and is_cut(traced.select) and not traced.select.distinct


def _orders(traced: SelectTrace, traces: Traces) -> Iterator[Order]:
    named, whole = set[Expr](), names(traced, traces)
    for order in traced.select.order:
        key = key_of(traced.select, order)
        measured = any(leaves(key, traced.source, traces)) and not is_coarse(key)
        # Once the names have put all rows in order, nothing that follows chooses among them.
        yield replace(order, key=coarse(key)) if measured and not named.issuperset(whole) else order
        named.add(key)
    yield from (Order(name) for name in whole if name not in named)


def key_of(select: Select, order: Order) -> Expr:
    """What a sort key is of: a column's place stands for its value."""
    return select.items[int(order.key.text) - 1].value if isinstance(order.key, Constant) else order.key


def coarse(count: Expr) -> Expr:
    """A number of people as coarse as one that is shown: all small ones are alike, the others are rounded to fives."""
    rounded = Call("//", (Call("+", (count, _HALF)), _STEP))
    return Case(((Call("<", (count, _SMALLEST)), Constant("integer", "0")),), rounded)


def is_coarse(key: Expr) -> bool:
    """Whether it is a number of people that was made coarse."""
    match key:
        case Case(((Call("<", (count, _)), _),), _):
            return key == coarse(count)
        case _:
            return False


def counts_people(key: Expr, traced: SelectTrace, traces: Traces) -> bool:
    """Whether a key counts everybody in a group, each person once: a person's rows can be multiplied at will."""
    if isinstance(key, Case) and is_coarse(key):
        condition = key.whens[0][0]
        return isinstance(condition, Call) and counts_people(condition.args[0], traced, traces)
    if isinstance(key, Column):
        known = traces.column(key)
        return known.everybody and known.role == "count_people"
    return role_of(key, traced.source, traces) == "count_people"


def names(traced: SelectTrace, traces: Traces) -> tuple[Expr, ...]:
    """What tells every row from every other, in the order of the query."""
    group, source = traced.select.group, traced.source
    if source.level is not Level.MANY:
        return group.keys if group is not None else ()
    return tuple(
        Column(alias, each.name)
        for alias in sorted(source.aliases)
        for each in traces.by_alias[alias].columns
        if each.role == "dimension"
    )
