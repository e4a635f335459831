"""Queries that are asked beside the units query: people of a few rows alone, and who holds how much of a sum.

Both speak of the outermost SELECT where it is a plain GROUP BY over rows of single patients, and both give its dimensions,
so that their rows can be laid beside the result's. They refuse (by there being none) every other shape: rollups, set
operations, and groups whose keys do not all stand in the result, whose rows could not be told apart.
"""

from collections.abc import Iterator
from dataclasses import replace

from job_specs.sql.choices import indicator
from job_specs.sql.evidence import size_of
from job_specs.sql.facts import Level, Traces
from job_specs.sql.ir import (
    NULL,
    Call,
    Column,
    Constant,
    Derived,
    Expr,
    Grouping,
    Item,
    Join,
    Named,
    Query,
    Select,
)
from job_specs.sql.model import PATIENT, PEOPLE, UNCLEAR
from job_specs.sql.roles import leaves
from job_specs.sql.write import write

_FEW, _BUCKETS = "tre_few", "tre_buckets"
_BUCKET, _SIZE = "tre_bucket", "tre_size"
_PARTS = Constant("integer", "256")
"""A sum is split among so many parts by its people's hash: the largest part holds the largest person's share, and more."""


def alone(counting: Query, query: Query, traces: Traces) -> Query:
    """`counting` (the query with people beside it) without what is not needed to know the people of its rows."""
    if not isinstance(query, Select) or not isinstance(counting, Select) or not _is_plain(query, traces):
        return counting
    people = tuple(item for item in counting.items if item.name == PEOPLE)
    items = (*_dimensions(query, traces), *people)
    return Select(items, counting.source, counting.where, counting.group, ctes=counting.ctes)


def narrowed(counting: Query, query: Query, traces: Traces) -> Query | None:
    """The people of those rows whose dimensions are in the table of unclear ones."""
    few = alone(counting, query, traces)
    if few is counting or not isinstance(few, Select) or few.source is None or few.group is None:
        return None
    names = {item.value: item.name or "" for item in few.items}
    if not set(few.group.keys) <= set(names):
        return None
    same = tuple(Call("is_not_distinct", (key, Column(_FEW, names[key]))) for key in few.group.keys)
    on = same[0] if len(same) == 1 else Call("and", same)
    return replace(few, source=Join("semi", few.source, Named(UNCLEAR, _FEW), on=on))


def members(
    counting: Query, query: Query, traces: Traces
) -> tuple[Select, Select, tuple[Select, ...]] | None:
    """Who is behind each row; who is asked about at all; and what divides them, one query for each dimension."""
    if not isinstance(query, Select) or not isinstance(counting, Select) or not _is_plain(query, traces):
        return None
    source, keys = traces.selects[id(query)].source, query.group.keys if query.group else ()
    person, dimensions = source.person, _dimensions(query, traces)
    if person is None or not set(keys) <= {item.value for item in dimensions}:
        return None
    asked = Select((Item(person, PATIENT),), counting.source, counting.where, ctes=counting.ctes)
    every = replace(asked, items=(*dimensions, *asked.items))
    return every, asked, tuple(replace(asked, items=(Item(key, PATIENT),)) for key in keys)


def counts_everybody(query: Query, position: int, traces: Traces) -> bool:
    """Whether a column counts all the people behind its row, no condition in between."""
    if not isinstance(query, Select):
        return False
    value, person = query.items[position].value, traces.selects[id(query)].source.person
    if not isinstance(value, Call) or value.where is not None:
        return False
    return value.name == "count_star" or (
        value.name == "count" and value.distinct and value.args == (person,)
    )


def shares_apart(counting: Query, query: Query, traces: Traces) -> Select | None:
    """Who holds how much of each sum, where rows are events and a person's have to be added up first."""
    if not isinstance(query, Select) or not isinstance(counting, Select) or not _is_plain(query, traces):
        return None
    source = traces.selects[id(query)].source
    summed = {item.name or "": sums(query, place, traces) for place, item in enumerate(query.items)}
    parts = tuple(dict.fromkeys(part for found in summed.values() for part in found))
    if not parts or source.person is None or (source.unique and not source.nullable):
        return None
    dimensions = tuple(Column(_BUCKETS, item.name or "") for item in _dimensions(query, traces))
    shares = (
        item
        for name, found in summed.items()
        if found
        for item in _largest(name, [parts.index(part) for part in found])
    )
    return Select(
        (*(Item(column, column.name) for column in dimensions), *shares),
        Derived(_in_buckets(counting, query, parts, traces), _BUCKETS),
        group=_by(dimensions) if dimensions else None,
        ctes=counting.ctes,
    )


def _in_buckets(counting: Select, query: Select, parts: tuple[Call, ...], traces: Traces) -> Select:
    """The size of every part of a sum, by the dimensions and by its people's bucket."""
    bucket = Call("%", (Call("hash", (traces.selects[id(query)].source.person or NULL,)), _PARTS))
    sizes = (
        Item(Call("sum", (size_of(part),), where=part.where), f"{_SIZE}{at}") for at, part in enumerate(parts)
    )
    keys = query.group.keys if query.group else ()
    items = (*_dimensions(query, traces), Item(bucket, _BUCKET), *sizes)
    return Select(items, counting.source, counting.where, _by((*keys, bucket)))


def _by(keys: tuple[Expr, ...]) -> Grouping:
    return Grouping(keys, (tuple(range(len(keys))),))


def sums(query: Select, position: int, traces: Traces) -> tuple[Call, ...]:
    """The sums and means in a column of a SELECT over rows of single patients; counts of a condition are none."""
    source = traces.selects[id(query)].source
    if source.level is not Level.ONE:
        return ()
    parts = (leaf.expr for leaf in leaves(query.items[position].value, source, traces))
    weighed = (part for part in parts if isinstance(part, Call) and part.name in {"sum", "avg"})
    return tuple(dict.fromkeys(part for part in weighed if indicator(part.args[0]) is None))


def written(query: Query | None) -> str:
    """The text of a query, empty for none."""
    return write(query) if query is not None else ""


def _is_plain(query: Select, traces: Traces) -> bool:
    grouped = query.group is None or query.group == _by(query.group.keys)
    trace = traces.selects[id(query)]
    return grouped and trace.grouped and trace.source.level is Level.ONE and not query.distinct


def _dimensions(query: Select, traces: Traces) -> tuple[Item, ...]:
    columns = traces.selects[id(query)].facts.columns
    return tuple(
        item for item, column in zip(query.items, columns, strict=True) if column.role == "dimension"
    )


def _largest(name: str, parts: list[int]) -> Iterator[Item]:
    """The upper bounds for a column that is made of these parts."""
    one, two = zip(*(_share(Column(_BUCKETS, f"{_SIZE}{part}")) for part in parts), strict=True)
    for ending, found in (("top1", one), ("top2", two)):
        yield Item(found[0] if len(found) == 1 else Call("greatest", found), f"{name}__{ending}")


def _share(size: Column) -> tuple[Expr, Expr]:
    total = Call("nullif", (Call("sum", (size,)), Constant("integer", "0")))
    two = Call("list_sum", (Call("max", (size, Constant("integer", "2"))),))
    return Call("/", (Call("max", (size,)), total)), Call("/", (two, total))
