"""The small language that an admitted query is made of: expressions, relations, queries.

Both parsers are read into these nouns, and everything after (names, lineage, units, the text that is run) works on
them alone. It refuses by omission: what has no noun here cannot be said. `at` is a place in the researcher's
text; it takes no part in equality, so that two readings of one meaning are equal.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar


def _place() -> Any:
    return field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True)
class Column:
    """A column by name. After resolution `source` is always the unique alias of a relation."""

    source: str | None
    name: str
    at: int = _place()


@dataclass(frozen=True)
class Constant:
    """A literal: its kind, and its text exactly as it will be written (strings unescaped)."""

    kind: Literal["integer", "decimal", "text", "boolean", "null"]
    text: str
    at: int = _place()


@dataclass(frozen=True)
class Parameter:
    """A named value given beside the query: `$name`."""

    name: str
    at: int = _place()


@dataclass(frozen=True)
class Order:
    """One sort key."""

    key: "Expr"
    descending: bool = False
    nulls: Literal["default", "first", "last"] = "default"


@dataclass(frozen=True)
class Call:
    """A function or operator by its canonical name; for aggregates also DISTINCT and FILTER."""

    name: str
    args: tuple["Expr", ...]
    distinct: bool = False
    where: "Expr | None" = None
    at: int = _place()


@dataclass(frozen=True)
class Case:
    """CASE WHEN ... THEN ... ELSE ... END; a missing ELSE is a null constant."""

    whens: tuple[tuple["Expr", "Expr"], ...]
    otherwise: "Expr"
    at: int = _place()


@dataclass(frozen=True)
class Cast:
    """CAST or TRY_CAST to one of the admitted types (canonical spelling)."""

    value: "Expr"
    type: str
    lenient: bool = False
    at: int = _place()


@dataclass(frozen=True)
class Frame:
    """A window frame: ROWS or RANGE between two bounds; a bound is (kind, offset)."""

    unit: Literal["rows", "range"]
    start: tuple[str, "Expr | None"]
    end: tuple[str, "Expr | None"]


@dataclass(frozen=True)
class Window:
    """A function over a window."""

    call: Call
    partition: tuple["Expr", ...]
    order: tuple[Order, ...]
    frame: Frame
    ignore_nulls: bool = False
    at: int = _place()


@dataclass(frozen=True)
class Exists:
    """EXISTS (query)."""

    query: "Query"
    at: int = _place()


@dataclass(frozen=True)
class Among:
    """value IN (query)."""

    value: "Expr"
    query: "Query"
    at: int = _place()


@dataclass(frozen=True)
class Single:
    """A scalar subquery."""

    query: "Query"
    at: int = _place()


Expr = Column | Constant | Parameter | Call | Case | Cast | Window | Exists | Among | Single


@dataclass(frozen=True)
class Named:
    """A table or a common table expression, by name."""

    name: str
    alias: str
    columns: tuple[str, ...] = ()
    common: bool = False
    at: int = _place()


@dataclass(frozen=True)
class Derived:
    """A subquery in FROM."""

    query: "Query"
    alias: str
    columns: tuple[str, ...] = ()
    at: int = _place()


@dataclass(frozen=True)
class Rows:
    """A VALUES list of constants."""

    rows: tuple[tuple[Expr, ...], ...]
    alias: str
    columns: tuple[str, ...]
    at: int = _place()


@dataclass(frozen=True)
class Series:
    """range(...) or generate_series(...) over constants."""

    function: str
    args: tuple[Expr, ...]
    alias: str
    columns: tuple[str, ...]
    at: int = _place()


JoinKind = Literal["inner", "left", "right", "full", "cross", "semi", "anti"]


@dataclass(frozen=True)
class Join:
    """Two relations and how they meet. After resolution `using` is empty."""

    kind: JoinKind
    left: "Relation"
    right: "Relation"
    on: Expr | None = None
    using: tuple[str, ...] = ()
    at: int = _place()


Relation = Named | Derived | Rows | Series | Join


@dataclass(frozen=True)
class Item:
    """One entry of a select list; after resolution it always has a name."""

    value: Expr
    name: str | None


@dataclass(frozen=True)
class Grouping:
    """GROUP BY: the keys, and the sets of key positions (one set of all keys for an ordinary GROUP BY)."""

    keys: tuple[Expr, ...]
    sets: tuple[tuple[int, ...], ...]
    every: bool = False


@dataclass(frozen=True)
class Cte:
    """One WITH entry."""

    name: str
    columns: tuple[str, ...]
    query: "Query"
    at: int = _place()


@dataclass(frozen=True)
class Select:
    """A SELECT."""

    items: tuple[Item, ...]
    source: Relation | None
    where: Expr | None = None
    group: Grouping | None = None
    having: Expr | None = None
    qualify: Expr | None = None
    distinct: bool = False
    distinct_on: tuple[Expr, ...] = ()
    order: tuple[Order, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    ctes: tuple[Cte, ...] = ()
    at: int = _place()


@dataclass(frozen=True)
class SetOp:
    """UNION, EXCEPT or INTERSECT of two queries."""

    kind: Literal["union", "except", "intersect"]
    all: bool
    left: "Query"
    right: "Query"
    order: tuple[Order, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    ctes: tuple[Cte, ...] = ()
    at: int = _place()


Query = Select | SetOp

NULL = Constant("null", "NULL")
STAR = "*"
"""The name of a column that stands for all of them: read so that it can be refused with what it stands for."""

_T = TypeVar("_T")


def children(node: Any) -> Iterator[Any]:
    """The nouns directly inside a noun, in order, whatever its class."""
    for name in _FIELDS[type(node)]:
        yield from _nouns(getattr(node, name))


def walk(node: Any, *, into_queries: bool = True) -> Iterator[Any]:
    """The noun itself and everything inside it, outermost first."""
    yield node
    for child in children(node):
        if into_queries or not isinstance(child, Select | SetOp):
            yield from walk(child, into_queries=into_queries)


def rewrite(node: _T, change: Callable[[Any], Any | None]) -> _T:
    """A copy in which `change` had first say about every noun: what it returns (if not None) stands as it is."""
    changed = change(node)
    if changed is not None:
        return changed  # type: ignore[no-any-return]
    values = {name: getattr(node, name) for name in _FIELDS[type(node)]}
    updates = {name: _rewrite_value(value, change) for name, value in values.items()}
    same = all(updates[name] is values[name] for name in values)
    return node if same else replace(node, **updates)  # type: ignore[type-var]


def conjuncts(expr: Expr | None) -> Iterator[Expr]:
    """The parts of a condition that must all be true."""
    if isinstance(expr, Call) and expr.name == "and":
        for arg in expr.args:
            yield from conjuncts(arg)
    elif expr is not None:
        yield expr


def join_conditions(relation: "Relation | None") -> Iterator[Expr]:
    """The ON conditions of a FROM."""
    if isinstance(relation, Join):
        yield from join_conditions(relation.left)
        yield from join_conditions(relation.right)
        if relation.on is not None:
            yield relation.on


def _nouns(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for each in value:
            yield from _nouns(each)
    elif type(value) in _FIELDS:
        yield value


def _rewrite_value(value: Any, change: Callable[[Any], Any | None]) -> Any:
    if isinstance(value, tuple):
        changed = tuple(_rewrite_value(each, change) for each in value)
        return value if all(a is b for a, b in zip(changed, value, strict=True)) else changed
    return rewrite(value, change) if type(value) in _FIELDS else value


NOUNS: tuple[Any, ...] = (
    Column, Constant, Parameter, Order, Call, Case, Cast, Frame, Window, Exists, Among, Single, Named, Derived, Rows, Series,
    Join, Item, Grouping, Cte, Select, SetOp,
)  # fmt: skip
_FIELDS: Mapping[type, tuple[str, ...]] = {noun: tuple(each.name for each in fields(noun)) for noun in NOUNS}
