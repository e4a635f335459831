"""A slow, obvious interpreter of admitted SQL that remembers, for every row, which people it came from.

It works on resolved queries, row by row and in memory. A row of a base table came from its patient; a joined row from
both sides' people; a group from all of its rows' people. People behind a cell are counted by the rule as it is written
in `Units`, with sets of people instead of SQL: this is what the engine's counts are held against.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from job_specs.sql import functions, ir
from tests.oracles.sql_values import Span, among, arithmetic, cast, compare, conjunction, disjunction, scalar

Database = Mapping[str, list[dict[str, Any]]]


@dataclass
class Row:
    """A row: its values by column, whose it is, and (for groups) the people behind it and behind each cell."""

    values: dict[str, Any]
    who: frozenset[Any] = frozenset()
    people: int | None = None
    cells: dict[str, int] = field(default_factory=dict)


Bound = dict[str, Row]  # alias -> row, for one joined row


class Interpreter:
    """Answers queries over small tables held in memory."""

    def __init__(
        self, database: Database, patient: Mapping[str, str | None], parameters: Mapping[str, Any]
    ) -> None:
        self._database = database
        self._patient = patient
        self._parameters = parameters
        self._ctes: dict[str, list[Row]] = {}
        self._readers: Mapping[type, Callable[..., Any]] = {
            ir.Column: lambda expr, row, _: row[expr.source].values[expr.name],
            ir.Constant: lambda expr, _row, _windows: _constant(expr),
            ir.Parameter: lambda expr, _row, _windows: self._parameters[expr.name],
            ir.Case: self._case,
            ir.Cast: lambda expr, row, windows: cast(
                self._expr(expr.value, row, windows), expr.type, lenient=expr.lenient
            ),
            ir.Exists: lambda expr, row, _: bool(self._query(expr.query, row)),
            ir.Among: self._among,
            ir.Single: self._single,
            ir.Call: self._call,
        }

    def answer(self, query: ir.Query) -> list[Row]:
        """The rows of a query."""
        return self._query(query, {})

    # -- queries ------------------------------------------------------------------------------------------------

    def _query(self, query: ir.Query, outer: Bound) -> list[Row]:
        for cte in query.ctes:
            self._ctes[cte.name] = self._query(cte.query, outer)
        if isinstance(query, ir.Select):
            return self._select(query, outer)
        rows = self._set_operation(query, outer)
        return self._cut(query, _sorted(rows, [(_by_position(o), o) for o in query.order]))

    def _set_operation(self, query: ir.SetOp, outer: Bound) -> list[Row]:
        left = self._query(query.left, outer)
        right = [_renamed(row, left_names(query.left)) for row in self._query(query.right, outer)]
        others = [_key(row.values.values()) for row in right]
        match query.kind, query.all:
            case "union", every:
                return left + right if every else _distinct(left + right)
            case "except", False:
                return _distinct([row for row in left if _key(row.values.values()) not in others])
            case "intersect", False:
                return _distinct([row for row in left if _key(row.values.values()) in others])
        raise NotImplementedError(query.kind)

    def _select(self, query: ir.Select, outer: Bound) -> list[Row]:
        joined = self._from(query.source, outer) if query.source else [{}]
        joined = [{**outer, **row} for row in joined]
        own = frozenset(_aliases(query.source))
        if query.where is not None:
            joined = [row for row in joined if self._expr(query.where, row) is True]
        grouped = (
            query.group is not None
            or query.having is not None
            or any(_aggregates(i.value) for i in query.items)
        )
        rows = self._grouped(query, joined, own) if grouped else self._row_by_row(query, joined, own)
        if grouped and outer and query.group is None:
            rows = [Row(row.values, row.who) for row in rows]  # an aggregate of the outer row's own patient
        if query.distinct:
            rows = _distinct_groups(rows)
        if all(_is_position(order) for order in query.order):
            rows = _sorted(rows, [(_by_position(order), order) for order in query.order])
        return self._cut(query, rows)

    def _row_by_row(self, query: ir.Select, joined: list[Bound], own: frozenset[str]) -> list[Row]:
        windows = self._windows(query, joined)
        kept = list(range(len(joined)))
        if query.qualify is not None:
            kept = [i for i in kept if self._expr(query.qualify, joined[i], windows[i]) is True]
        if query.distinct_on:
            kept = self._first_of_each(query, joined, kept)
        rows = []
        for i in kept:
            values = {item.name or "": self._expr(item.value, joined[i], windows[i]) for item in query.items}
            rows.append(self._passed_on(query, values, joined[i], own))
        return rows

    def _first_of_each(self, query: ir.Select, joined: list[Bound], kept: list[int]) -> list[int]:
        by_position = [item.value for item in query.items]
        keys = [
            by_position[int(o.key.text) - 1] if isinstance(o.key, ir.Constant) else o.key for o in query.order
        ]
        order = [ir.Order(key, o.descending, o.nulls) for key, o in zip(keys, query.order, strict=True)]
        kept.sort(key=lambda i: _sort_key([(self._expr(o.key, joined[i]), o) for o in order]))
        first: dict[Any, int] = {}
        for i in kept:
            first.setdefault(_key(self._expr(target, joined[i]) for target in query.distinct_on), i)
        return list(first.values())

    def _passed_on(self, query: ir.Select, values: dict[str, Any], row: Bound, own: frozenset[str]) -> Row:
        mine = [row[alias] for alias in own]
        who = frozenset().union(*(part.who for part in mine))
        if all(part.people is None for part in mine):
            return Row(values, who)
        people = _smallest(part.people for part in mine)
        cells = {item.name or "": self._cell_of(item.value, row, people) for item in query.items}
        return Row(values, who, people, cells)

    def _cell_of(self, value: ir.Expr, row: Bound, people: int) -> int:
        columns = [node for node in ir.walk(value, into_queries=False) if isinstance(node, ir.Column)]
        below = [(row[column.source or ""], column.name) for column in columns]
        measured = [
            part.cells.get(name, 0)
            for part, name in below
            if name in part.cells or isinstance(part.values, _Nulls)
        ]
        return _smallest(measured) if measured else people

    # -- groups -------------------------------------------------------------------------------------------------

    def _grouped(self, query: ir.Select, joined: list[Bound], own: frozenset[str]) -> list[Row]:
        keys = query.group.keys if query.group else ()
        sets = query.group.sets if query.group else ((),)
        groups: list[tuple[_Group, list[Any]]] = []
        for one in sets:
            parts: dict[Any, list[Bound]] = {} if one else {(): []}
            for row in joined:
                parts.setdefault(_key(self._expr(keys[i], row) for i in one), []).append(row)
            for rows in parts.values():
                taken = tuple(keys[i] for i in one)
                group = _Group(self, rows, taken, keys, own)
                groups.append((group, [self._expr(key, rows[0]) if key in taken else None for key in keys]))
        anybody = bool(keys) and any(group.who() for group, _ in groups)
        of_one = anybody and _each_is_a_person([(group.who(), values) for group, values in groups])
        kept = [group for group, _ in groups if query.having is None or group.value(query.having) is True]
        return [self._group(query, group, of_one=of_one) for group in kept]

    def _group(self, query: ir.Select, group: "_Group", *, of_one: bool) -> Row:
        values = {item.name or "": group.value(item.value) for item in query.items}
        who = group.who()
        if of_one:
            return Row(values, who)
        if group.has_groups():
            raise NotImplementedError("an aggregate of groups has no people to count")
        cells = {i.name or "": group.people(i.value, rate=_is_rate(i.value)) for i in query.items}
        return Row(values, who, len(who), cells)

    # -- FROM ---------------------------------------------------------------------------------------------------

    def _from(self, relation: ir.Relation, outer: Bound) -> list[Bound]:
        if isinstance(relation, ir.Join):
            return self._join(relation, outer)
        return [{relation.alias: row} for row in self._leaf(relation, outer)]

    def _leaf(self, relation: ir.Relation, outer: Bound) -> list[Row]:
        match relation:
            case ir.Named():
                return self._ctes[relation.name] if relation.common else self._table(relation.name)
            case ir.Derived():
                return self._query(relation.query, outer)
            case ir.Rows():
                return [
                    Row(dict(zip(relation.columns, (self._expr(cell, {}) for cell in row), strict=True)))
                    for row in relation.rows
                ]
            case ir.Series():
                values = _series(relation.function, [self._expr(arg, {}) for arg in relation.args])
                return [Row({relation.columns[0]: value}) for value in values]
        raise NotImplementedError

    def _table(self, name: str) -> list[Row]:
        patient = self._patient[name]
        return [
            Row(row, frozenset({row.get(patient)}) if patient else frozenset())
            for row in self._database[name]
        ]

    def _join(self, join: ir.Join, outer: Bound) -> list[Bound]:
        left = self._from(join.left, outer)
        matched_right: set[int] = set()
        found: list[Bound] = []
        right_names = list(_aliases(join.right))
        rights: list[Bound] = []
        for row in left:
            rights = self._from(join.right, {**outer, **row})
            matches = [i for i, r in enumerate(rights) if self._matches(join.on, {**outer, **row, **r})]
            matched_right |= set(matches)
            found += self._combined(join, row, [rights[i] for i in matches], right_names)
        if join.kind in {"right", "full"}:
            rights = rights or self._from(join.right, outer)
            missing = {alias: Row(_Nulls()) for alias in _aliases(join.left)}
            found += [{**missing, **r} for i, r in enumerate(rights) if i not in matched_right]
        return found

    def _matches(self, on: ir.Expr | None, row: Bound) -> bool:
        return on is None or self._expr(on, row) is True

    def _combined(self, join: ir.Join, row: Bound, matches: list[Bound], names: list[str]) -> list[Bound]:
        match join.kind:
            case "semi":
                return [row] if matches else []
            case "anti":
                return [] if matches else [row]
            case "left" | "full" if not matches:
                return [{**row, **{name: Row(_Nulls()) for name in names}}]
            case _:
                return [{**row, **match} for match in matches]

    # -- expressions --------------------------------------------------------------------------------------------

    def expr(self, expr: ir.Expr, row: Bound) -> Any:
        """The value of an expression in a joined row."""
        return self._expr(expr, row)

    def _expr(self, expr: ir.Expr, row: Bound, windows: Mapping[int, Any] | None = None) -> Any:
        if windows and id(expr) in windows:
            return windows[id(expr)]
        return self._readers[type(expr)](expr, row, windows)

    def _case(self, expr: ir.Case, row: Bound, windows: Mapping[int, Any] | None) -> Any:
        taken = (then for when, then in expr.whens if self._expr(when, row, windows) is True)
        return self._expr(next(taken, expr.otherwise), row, windows)

    def _among(self, expr: ir.Among, row: Bound, windows: Mapping[int, Any] | None) -> Any:
        options = [next(iter(r.values.values())) for r in self._query(expr.query, row)]
        return among(self._expr(expr.value, row, windows), options)

    def _single(self, expr: ir.Single, row: Bound, _: Mapping[int, Any] | None) -> Any:
        rows = self._query(expr.query, row)
        return next(iter(rows[0].values.values())) if rows else None

    def _call(self, expr: ir.Call, row: Bound, windows: Mapping[int, Any] | None) -> Any:
        return operate(expr.name, [self._expr(arg, row, windows) for arg in expr.args])

    def _windows(self, query: ir.Select, joined: list[Bound]) -> list[dict[int, Any]]:
        values: list[dict[int, Any]] = [{} for _ in joined]
        roots = [
            *(item.value for item in query.items),
            *([query.qualify] if query.qualify is not None else []),
        ]
        for root in roots:
            for node in ir.walk(root, into_queries=False):
                if isinstance(node, ir.Window):
                    for place, value in enumerate(self._window(node, joined)):
                        values[place][id(node)] = value
        return values

    def _window(self, window: ir.Window, joined: list[Bound]) -> list[Any]:
        parts: dict[Any, list[int]] = {}
        for place, row in enumerate(joined):
            parts.setdefault(_key(self._expr(key, row) for key in window.partition), []).append(place)
        values: list[Any] = [None] * len(joined)
        for places in parts.values():
            places.sort(key=lambda i: _sort_key([(self._expr(o.key, joined[i]), o) for o in window.order]))
            for rank, place in enumerate(places):
                values[place] = self._over(window, [joined[i] for i in places], rank)
        return values

    def _over(self, window: ir.Window, rows: list[Bound], rank: int) -> Any:
        call = window.call
        if call.name in _RANKS:
            size = int(call.args[0].text) if call.args and isinstance(call.args[0], ir.Constant) else 0
            return _RANKS[call.name](rank, self._peers(window, rows, rank), len(rows), size)
        seen = rows[: self._frame_end(window, rows, rank)]
        if call.name in _PLACES:
            place = _PLACES[call.name](rank, seen, call)
            return self._expr(call.args[0], rows[place]) if 0 <= place < len(rows) else None
        return aggregate(call.name, [[self._expr(arg, row) for arg in call.args] for row in seen])

    def _peers(self, window: ir.Window, rows: list[Bound], rank: int) -> list[int]:
        """For each row of the partition, how many different sort keys come before its own, and where its own begin."""
        keys = [_sort_key([(self._expr(o.key, row), o) for o in window.order]) for row in rows]
        first = keys.index(keys[rank])
        before = len({str(key) for key in keys[:first]})
        return [first, before, len(keys) - 1 - keys[::-1].index(keys[rank])]

    def _frame_end(self, window: ir.Window, rows: list[Bound], rank: int) -> int:
        if not window.order:
            return len(rows)
        if window.frame.unit == "rows":
            return rank + 1
        here = _sort_key([(self._expr(o.key, rows[rank]), o) for o in window.order])
        keys = [_sort_key([(self._expr(o.key, row), o) for o in window.order]) for row in rows]
        return max(i for i, key in enumerate(keys) if key == here) + 1

    def _cut(self, query: ir.Query, rows: list[Row]) -> list[Row]:
        start = int(query.offset.text) if isinstance(query.offset, ir.Constant) else 0
        stop = start + int(query.limit.text) if isinstance(query.limit, ir.Constant) else None
        return rows[start:stop]


class _Group:
    """One group of joined rows."""

    def __init__(
        self,
        interpreter: Interpreter,
        rows: list[Bound],
        keys: tuple[ir.Expr, ...],
        every_key: tuple[ir.Expr, ...],
        own: frozenset[str],
    ) -> None:
        self._interpreter = interpreter
        self._rows = rows
        self._keys = keys
        self._every_key = every_key
        self._own = own

    def who(self, rows: Iterable[Bound] | None = None) -> frozenset[Any]:
        rows = self._rows if rows is None else rows
        return frozenset().union(*(row[alias].who for row in rows for alias in self._own))

    def has_groups(self) -> bool:
        return any(row[alias].people is not None for row in self._rows for alias in self._own)

    def value(self, expr: ir.Expr) -> Any:
        if expr in self._keys:
            return self._interpreter.expr(expr, self._rows[0])
        if expr in self._every_key:
            return None
        if isinstance(expr, ir.Case):
            taken = (then for when, then in expr.whens if self.value(when) is True)
            return self.value(next(taken, expr.otherwise))
        if isinstance(expr, ir.Cast):
            return cast(self.value(expr.value), expr.type, lenient=expr.lenient)
        return (
            self._called(expr) if isinstance(expr, ir.Call) else self._interpreter.expr(expr, self._first())
        )

    def _called(self, call: ir.Call) -> Any:
        if functions.is_aggregate(call.name):
            return self._aggregate(call)
        if call.name == "grouping":
            absent = [0 if arg in self._keys else 1 for arg in call.args]
            return sum(bit << place for place, bit in enumerate(reversed(absent)))
        return operate(call.name, [self.value(arg) for arg in call.args])

    def _first(self) -> Bound:
        return self._rows[0] if self._rows else {}

    def _aggregate(self, call: ir.Call) -> Any:
        arguments = [
            [self._interpreter.expr(arg, row) for arg in call.args] for row in self._where(call.where)
        ]
        if call.distinct:
            return len({_key(args) for args in arguments if args[0] is not None})
        return aggregate(call.name, arguments)

    def _where(self, condition: ir.Expr | None, rows: Sequence[Bound] | None = None) -> list[Bound]:
        rows = self._rows if rows is None else rows
        return [row for row in rows if condition is None or self._interpreter.expr(condition, row) is True]

    def people(self, expr: ir.Expr, *, rate: bool) -> int:
        """The smallest group of people, none being no group, that a cell says something about."""
        groups = [group for leaf in _leaves(expr) for group in self._groups(leaf, rate=rate)]
        return _smallest(groups) if groups else len(self.who())

    def _groups(self, leaf: ir.Call, *, rate: bool) -> list[int]:
        rows = self._where(leaf.where)
        if leaf.name in {"sum", "avg"}:
            return self._weighed(leaf, rows, rate=rate or leaf.name == "avg")
        if leaf.name not in {"count_star", "count_if", "count"}:
            values = ([self._interpreter.expr(a, row) for a in leaf.args] for row in rows)
            known = [row for row, args in zip(rows, values, strict=True) if None not in args]
            ways = self._ways(leaf, rows) if leaf.name in POSITIONS else []
            return _few_or_none([len(self.who(known)), *ways])
        taken = self._where(leaf.args[0], rows) if leaf.name == "count_if" else self._present(leaf, rows)
        if rate and leaf.distinct:
            return [len(self.who(taken)), len(self.who() - self.who(taken))]
        others = [row for row in self._rows if row not in taken]
        plain = leaf.name == "count_star" and leaf.where is None
        return [len(self.who(taken)), *([len(self.who(others))] if rate and not plain else [])]

    def _present(self, leaf: ir.Call, rows: list[Bound]) -> list[Bound]:
        return [row for row in rows if not leaf.args or self._interpreter.expr(leaf.args[0], row) is not None]

    def _weighed(self, leaf: ir.Call, rows: list[Bound], *, rate: bool) -> list[int]:
        values = [self._interpreter.expr(leaf.args[0], row) for row in rows]
        known = [row for row, value in zip(rows, values, strict=True) if value is not None]
        nothing = at_zero(leaf.args[0])
        heavy = [
            row for row, value in zip(rows, values, strict=True) if value is not None and value != nothing
        ]
        light = [
            row for row, value in zip(rows, values, strict=True) if value is not None and value == nothing
        ]
        if rate and _is_indicator(leaf.args[0]):
            return [len(self.who(heavy)), len(self.who(light))]
        if _is_indicator(leaf.args[0]):
            return [len(self.who(heavy)) or len(self.who(known))]
        groups = [len(self.who(heavy)), *self._ways(leaf, rows)]
        weights = {value for value in values if value is not None and value != nothing}
        if (rate or is_moved(leaf.args[0])) and len(weights) == 1:
            groups.append(len(self.who(light)))
        return _few_or_none(groups)

    def _ways(self, leaf: ir.Call, rows: list[Bound]) -> list[int]:
        """How many people's values came about in each of the ways that there are, and how many a FILTER leaves out."""
        taken = {way: list[Bound]() for way in self._taken(leaf.args[0], None)}
        for row in rows:
            for way in self._taken(leaf.args[0], row):
                taken[way].append(row)
        counts = [len(self.who(found)) for found in taken.values()]
        if leaf.where is None or _columns(leaf.where) <= _columns(leaf.args[0]):
            return counts
        return [*counts, len(self.who([row for row in self._rows if row not in rows]))]

    def _taken(
        self, value: ir.Expr, row: Bound | None, *, place: tuple[Any, ...] = (), dates: bool = False
    ) -> Iterator[tuple[Any, ...]]:
        """The choices made for one row, each with the choices around it; of no row, all that there are."""
        ways = _choices(value, dates=dates)
        if ways is None:
            for number, part in enumerate(_arguments(value)):
                inside = dates or not _is_arithmetic(value)
                yield from self._taken(part, row, place=(*place, number), dates=inside)
            return
        measured = frozenset().union(*(_columns(then) for _, then in ways if not _is_nothing(then)))
        here = None if row is None else self._at(value, row)
        for at, (conditions, then) in enumerate(ways):
            if here not in (None, at):
                continue
            if not _is_nothing(then) or not conditions <= measured:
                yield (*place, f"way {at}")
            yield from self._taken(then, row, place=(*place, f"way {at}"), dates=dates)

    def _at(self, value: ir.Expr, row: Bound) -> int:
        """Which of its ways a value takes."""
        ask = self._interpreter.expr
        if _is_indicator(value):
            return 0 if ask(value, row) == 1 else 1
        if isinstance(value, ir.Case):
            return [*(ask(when, row) is True for when, _ in value.whens), True].index(True)
        known = [ask(arg, row) is not None for arg in _arguments(value)]
        return known.index(True) if True in known else -1


def _choices(value: ir.Expr, *, dates: bool) -> list[tuple[frozenset[ir.Column], ir.Expr]] | None:
    """What a value may be, each with the columns that decide it; nothing where it is not chosen."""
    if _is_indicator(value):
        columns = _columns(value)
        return [(columns, ir.Constant("integer", "1")), (columns, ir.Constant("integer", "0"))]
    if isinstance(value, ir.Case):
        decided = [_columns(when) for when, _ in value.whens]
        so_far = [frozenset[ir.Column]().union(*decided[: at + 1]) for at in range(len(decided))]
        thens = [*(then for _, then in value.whens), value.otherwise]
        return list(zip([*so_far, frozenset[ir.Column]().union(*decided)], thens, strict=True))
    if isinstance(value, ir.Call) and value.name == "coalesce" and len(value.args) > 1 and not dates:
        filled = all(map(_is_nothing, value.args[1:]))
        return None if filled else [(_columns(value), arg) for arg in value.args]
    return None


def _columns(expr: ir.Expr) -> frozenset[ir.Column]:
    return frozenset(node for node in ir.walk(expr) if isinstance(node, ir.Column))


def _few_or_none(groups: list[int]) -> list[int]:
    """The smallest, and of nobody as of one: whether there is anybody must not be told apart."""
    return [max(min(groups), 1)]


class _Nulls(dict[str, Any]):
    """The values of a row that an outer join made up."""

    def __missing__(self, _: str) -> None:
        return None


def _ntile(rank: int, _: list[int], rows: int, size: int) -> int:
    small, larger = divmod(rows, size)
    edge = larger * (small + 1)
    return rank // (small + 1) + 1 if rank < edge else larger + (rank - edge) // max(small, 1) + 1


def _nth(_rank: int, seen: list[Bound], call: ir.Call) -> int:
    place = int(call.args[1].text) - 1  # type: ignore[union-attr]
    return place if place < len(seen) else -1


_RANKS: Mapping[str, Callable[[int, list[int], int, int], Any]] = {
    "row_number": lambda rank, _peers, _rows, _size: rank + 1,
    "rank": lambda _rank, peers, _rows, _size: peers[0] + 1,
    "dense_rank": lambda _rank, peers, _rows, _size: peers[1] + 1,
    "percent_rank": lambda _rank, peers, rows, _size: peers[0] / (rows - 1) if rows > 1 else 0.0,
    "cume_dist": lambda _rank, peers, rows, _size: (peers[2] + 1) / rows,
    "ntile": _ntile,
}
_PLACES: Mapping[str, Callable[[int, list[Bound], ir.Call], int]] = {
    "lag": lambda rank, _seen, _call: rank - 1,
    "lead": lambda rank, _seen, _call: rank + 1,
    "first_value": lambda _rank, _seen, _call: 0,
    "last_value": lambda _rank, seen, _call: len(seen) - 1,
    "nth_value": _nth,
}


def operate(name: str, args: list[Any]) -> Any:
    """An operator or scalar function on values."""
    if name in OPERATORS:
        return OPERATORS[name](args)
    if name in {"=", "<>", "<", ">", "<=", ">="}:
        return compare(name, *args)
    if name in {"+", "-", "*", "/", "//", "%", "**"}:
        return arithmetic(name, *args) if len(args) > 1 else arithmetic(name, 0, *args)
    return scalar(name, args)


def aggregate(name: str, arguments: list[list[Any]]) -> Any:
    """An aggregate over the argument lists of its rows."""
    if name == "count_star":
        return len(arguments)
    if name in {"arg_max", "arg_min"}:
        return _arg_extreme(name, arguments)
    if name in _OF_PAIRS:
        pairs = [(float(a), float(b)) for a, b in arguments if a is not None and b is not None]
        return _OF_PAIRS[name](pairs) if len(pairs) > (name != "covar_pop") else None
    values = [args[0] for args in arguments if args[0] is not None]
    if name == "count":
        return len(values)
    if name in {"quantile_cont", "quantile_disc"}:
        position = _quantile if name == "quantile_cont" else _discrete
        return position(sorted(values), float(arguments[0][1])) if values else None
    return AGGREGATES[name](values) if len(values) >= _LEAST.get(name, 1) else None


OPERATORS: dict[str, Callable[[list[Any]], Any]] = {
    "and": conjunction,
    "or": disjunction,
    "not": lambda args: None if args[0] is None else not args[0],
    "is_null": lambda args: args[0] is None,
    "is_not_distinct": lambda args: args[0] == args[1],
    "in": lambda args: among(args[0], args[1:]),
    "between": lambda args: conjunction([compare(">=", args[0], args[1]), compare("<=", args[0], args[2])]),
}


def left_names(query: ir.Query) -> list[str]:
    """The column names of a query."""
    while isinstance(query, ir.SetOp):
        query = query.left
    return [item.name or "" for item in query.items]


def _arg_extreme(name: str, arguments: list[list[Any]]) -> Any:
    """The value of the row with the greatest (least) keys; of several, the greatest (least) value; a missing key is last."""
    known = [(value, keys) for value, *keys in arguments if keys[0] is not None and value is not None]
    ranks = [(*((key is None, key) for key in keys), value) for value, keys in known]
    return (max if name == "arg_max" else min)(ranks)[-1] if ranks else None


def _covariance(pairs: list[tuple[float, float]], lost: int = 1) -> float:
    mean_a, mean_b = (statistics.fmean(side) for side in zip(*pairs, strict=True))
    return sum((a - mean_a) * (b - mean_b) for a, b in pairs) / (len(pairs) - lost)


def _slope(pairs: list[tuple[float, float]]) -> float | None:
    spread = _covariance([(x, x) for _, x in pairs])
    return _covariance(pairs) / spread if spread else None


def _intercept(pairs: list[tuple[float, float]]) -> float | None:
    slope = _slope(pairs)
    means = [statistics.fmean(side) for side in zip(*pairs, strict=True)]
    return None if slope is None else means[0] - slope * means[1]


def _corr(pairs: list[tuple[float, float]]) -> float | None:
    try:
        return statistics.correlation([x for x, _ in pairs], [y for _, y in pairs])
    except statistics.StatisticsError:
        return None


def _determination(pairs: list[tuple[float, float]]) -> float | None:
    """The share of y's spread that x explains; all of it, where y has none."""
    if not _covariance([(x, x) for _, x in pairs]):
        return None
    return r * r if (r := _corr(pairs)) is not None else 1.0


def _moment(values: list[float], power: int) -> float:
    mean = statistics.fmean(values)
    return sum((value - mean) ** power for value in values) / len(values)


def _skewness(values: list[float]) -> float | None:
    n, spread = len(values), _moment(values, 2)
    return math.sqrt(n * (n - 1)) / (n - 2) * _moment(values, 3) / spread**1.5 if spread else None


def _kurtosis(values: list[float]) -> float | None:
    n, spread = len(values), _moment(values, 2)
    if not spread:
        return None
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * _moment(values, 4) / spread**2 - 3 * (n - 1))


def _discrete(values: list[Any], q: float) -> Any:
    return values[max(math.ceil(q * len(values)) - 1, 0)]


def _quantile(values: list[Any], q: float) -> Any:
    place = q * (len(values) - 1)
    low, high = math.floor(place), math.ceil(place)
    return values[low] + (values[high] - values[low]) * (place - low)


def _series(function: str, args: list[Any]) -> list[Any]:
    start, stop, step = [0, args[0], 1] if len(args) == 1 else [*args, 1][:3]
    values = []
    while compare("<" if function == "range" else "<=", start, stop):
        values.append(cast(start, "TIMESTAMP") if isinstance(step, Span) else start)
        start = arithmetic("+", start, step)
    return values


def _constant(expr: ir.Constant) -> Any:
    match expr.kind:
        case "integer":
            return int(expr.text)
        case "decimal":
            return float(expr.text)
        case "boolean":
            return expr.text == "TRUE"
        case "null":
            return None
    return expr.text


def _leaves(expr: ir.Expr) -> list[ir.Call]:
    if isinstance(expr, ir.Call) and functions.is_aggregate(expr.name):
        return [expr]
    if isinstance(expr, ir.Exists | ir.Among | ir.Single):
        return []
    return [leaf for child in ir.children(expr) for leaf in _leaves(child)]


def _aggregates(expr: ir.Expr) -> bool:
    if isinstance(expr, ir.Window):
        return False
    return bool(_leaves(expr)) and not any(
        isinstance(n, ir.Window) for n in ir.walk(expr, into_queries=False)
    )


TRUE_OR_FALSE = frozenset(
    {
        "=",
        "<>",
        "<",
        ">",
        "<=",
        ">=",
        "is_not_distinct",
        "and",
        "or",
        "not",
        "is_null",
        "in",
        "between",
        "~~",
        "~~*",
    }
    | {
        "list_contains",
        "contains",
        "starts_with",
        "ends_with",
        "regexp_matches",
        "regexp_full_match",
        "isnan",
    }
)
POSITIONS = frozenset({"median", "quantile_cont", "quantile_disc"})
_ONE_OF = frozenset({"abs", "round", "floor", "ceil", "trunc", "sqrt", "exp", "nullif"})
_MOVING = frozenset({"+", "-", "greatest", "least"})
_SCALING = frozenset({"*", "/", "//", "%", "**"})


def at_zero(expr: ir.Expr) -> Any:
    """What a sum's value is where everything in it that is not a constant is nought; nought where no constant moves it."""
    return _at_zero(expr) if is_moved(expr) else 0


def is_moved(expr: ir.Expr) -> bool:
    if (
        isinstance(expr, ir.Call)
        and expr.name in _MOVING
        and len(expr.args) > 1
        and any(map(_is_amount, expr.args))
    ):
        return True
    if isinstance(expr, ir.Call) and expr.name == "exp":
        return True
    return _is_arithmetic(expr) and any(map(is_moved, _arguments(expr)))


def _at_zero(expr: ir.Expr) -> Any:
    if isinstance(expr, ir.Constant) and expr.kind in {"integer", "decimal"}:
        return float(expr.text) if expr.kind == "decimal" else int(expr.text)
    if isinstance(expr, ir.Cast) and expr.type in {"INTEGER", "BIGINT", "DOUBLE"} and not _is_indicator(expr):
        return cast(_at_zero(expr.value), expr.type, lenient=expr.lenient)
    if not isinstance(expr, ir.Call) or not _is_arithmetic(expr):
        return 0
    if expr.name in {"coalesce", "nullif"}:
        return _at_zero(expr.args[0])
    if expr.name in {"/", "//", "%", "**"} and not _is_amount(expr.args[1]):
        return 0
    return operate(expr.name, [_at_zero(arg) for arg in expr.args])


def _is_arithmetic(expr: ir.Expr) -> bool:
    if isinstance(expr, ir.Cast):
        return True
    names = _ONE_OF | _MOVING | _SCALING | {"coalesce"}
    return isinstance(expr, ir.Call) and (expr.name in names or functions.is_aggregate(expr.name))


def _arguments(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    match expr:
        case ir.Cast(value):
            return (value,)
        case ir.Call(_, args):
            return args
        case _:
            return ()


def _is_amount(expr: ir.Expr) -> bool:
    match expr:
        case ir.Constant("integer" | "decimal", text):
            return float(text) != 0
        case ir.Call("-", (only,)) | ir.Cast(only):
            return _is_amount(only)
        case _:
            return False


def _is_null(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Constant) and expr.kind == "null"


def _is_nothing(expr: ir.Expr) -> bool:
    return _is_null(expr) or (
        isinstance(expr, ir.Constant) and expr.kind in {"integer", "decimal"} and float(expr.text) == 0
    )


def _is_rate(expr: ir.Expr) -> bool:
    """One measure over another: both those counted in it and those left out of it are described."""
    match expr:
        case ir.Call("/" | "//", (over, under)):
            return bool(_leaves(over)) and bool(_leaves(under))
        case ir.Call("round" | "coalesce", (first, *_)):
            return _is_rate(first)
        case _:
            return False


def _is_true_or_false(call: ir.Call) -> bool:
    if call.name == "coalesce" and isinstance(call.args[0], ir.Call):
        return isinstance(call.args[-1], ir.Constant) and call.args[-1].kind == "boolean"
    return call.name in TRUE_OR_FALSE


def _is_indicator(expr: ir.Expr) -> bool:
    match expr:
        case ir.Case(((_, ir.Constant("integer", "1")),), ir.Constant("integer", "0") | ir.Constant("null")):
            return True
        case ir.Cast(ir.Cast(_, "BOOLEAN"), "INTEGER" | "BIGINT"):
            return True
        case ir.Cast(ir.Call() as call, "INTEGER" | "BIGINT"):
            return _is_true_or_false(call)
        case _:
            return False


def _aliases(relation: ir.Relation | None) -> Iterable[str]:
    if isinstance(relation, ir.Join):
        yield from _aliases(relation.left)
        if relation.kind not in {"semi", "anti"}:
            yield from _aliases(relation.right)
    elif relation is not None:
        yield relation.alias


def _smallest(counts: Iterable[int | None]) -> int:
    return min((count for count in counts if count), default=0)


def _key(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple((value is None, value) for value in values)


def _distinct(rows: list[Row]) -> list[Row]:
    return list({_key(row.values.values()): row for row in reversed(rows)}.values())


def _distinct_groups(rows: list[Row]) -> list[Row]:
    """SELECT DISTINCT: one person's rows stay that person's; anything else becomes groups."""
    merged: dict[Any, list[Row]] = {}
    for row in rows:
        merged.setdefault(_key(row.values.values()), []).append(row)
    whos = {key: frozenset().union(*(row.who for row in same)) for key, same in merged.items()}
    if _each_is_a_person([(whos[key], list(same[0].values.values())) for key, same in merged.items()]):
        return [Row(same[0].values, whos[key]) for key, same in merged.items()]
    return [
        Row(same[0].values, whos[key], len(whos[key]), dict.fromkeys(same[0].values, len(whos[key])))
        for key, same in merged.items()
    ]


def _each_is_a_person(groups: list[tuple[frozenset[Any], list[Any]]]) -> bool:
    """Whether one of the values is, in every group, the one patient the group came from."""
    if not groups or not all(len(who) <= 1 for who, _ in groups):
        return False
    width = len(groups[0][1])
    return any(all(values[i] in who for who, values in groups if who) for i in range(width))


def _renamed(row: Row, names: list[str]) -> Row:
    cells = dict(zip(names, row.cells.values(), strict=True)) if row.cells else {}
    return Row(dict(zip(names, row.values.values(), strict=True)), row.who, row.people, cells)


def _is_position(order: ir.Order) -> bool:
    return isinstance(order.key, ir.Constant) and order.key.kind == "integer"


def _by_position(order: ir.Order) -> Callable[[Row], Any]:
    place = int(order.key.text) - 1  # type: ignore[union-attr]
    return lambda row: list(row.values.values())[place]


def _sorted(rows: list[Row], keys: Sequence[tuple[Callable[[Row], Any], ir.Order]]) -> list[Row]:
    return (
        sorted(rows, key=lambda row: _sort_key([(key(row), order) for key, order in keys])) if keys else rows
    )


def _sort_key(pairs: list[tuple[Any, ir.Order]]) -> tuple[Any, ...]:
    """NULLs last, as DuckDB sorts, whichever the direction."""
    return tuple((value is None, _Backwards(value) if order.descending else value) for value, order in pairs)


@dataclass(frozen=True, order=False)
class _Backwards:
    value: Any

    def __lt__(self, other: "_Backwards") -> bool:
        return self.value is not None and other.value is not None and bool(other.value < self.value)


AGGREGATES: Mapping[str, Callable[[list[Any]], Any]] = {
    "count_if": sum,
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "bool_or": any,
    "bool_and": all,
    "median": statistics.median,
    "stddev_samp": statistics.stdev,
    "stddev_pop": statistics.pstdev,
    "var_samp": statistics.variance,
    "var_pop": statistics.pvariance,
    "skewness": _skewness,
    "kurtosis": _kurtosis,
}
_LEAST = {"stddev_samp": 2, "var_samp": 2, "skewness": 3, "kurtosis": 4}
_OF_PAIRS: Mapping[str, Callable[[list[tuple[float, float]]], Any]] = {
    "corr": _corr,
    "covar_samp": _covariance,
    "covar_pop": lambda pairs: _covariance(pairs, 0),
    "regr_slope": _slope,
    "regr_intercept": _intercept,
    "regr_r2": _determination,
}
