"""Names -> what they stand for: every column gets the one relation it comes from, every relation an alias of its own.

After this no name is left to luck: stars are gone (they were refused), aliases used as columns have been replaced by
what they name, USING has become ON, positions have been checked, columns are those of the approval and no others [P8].
It refuses names it cannot find, names that could mean two things, and names kept for the system.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from job_specs.sql import functions
from job_specs.sql.calm import calmed
from job_specs.sql.ir import (
    NULL,
    STAR,
    Among,
    Call,
    Column,
    Constant,
    Cte,
    Derived,
    Exists,
    Expr,
    Grouping,
    Item,
    Join,
    Named,
    Order,
    Parameter,
    Query,
    Relation,
    Rows,
    Select,
    Series,
    SetOp,
    Single,
    Window,
    children,
    rewrite,
    walk,
)
from job_specs.sql.model import RESERVED_INFIX, RESERVED_PREFIX, Scope
from job_specs.sql.refusals import Refusals


@dataclass
class _Frame:
    """The relations one FROM has brought into reach so far."""

    relations: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    merged: dict[str, Expr] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def owners(self, name: str) -> list[str]:
        return [alias for alias, columns in self.relations.values() if name in columns]

    def names(self) -> set[str]:
        return {name for _, columns in self.relations.values() for name in columns}


@dataclass(frozen=True)
class _Aliases:
    """The select-list names that a clause may use, with what they stand for."""

    values: Mapping[str, Expr] = field(default_factory=dict)
    strict: bool = True


@dataclass(frozen=True)
class _Reach:
    """What a query can see: WITH steps, and the frames of the queries around it (outermost first)."""

    ctes: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    frames: tuple[_Frame, ...] = ()


def resolve(
    query: Query, scope: Scope, refusals: Refusals, parameters: frozenset[str] = frozenset()
) -> Query:
    """The same query with every name settled. Notes refusals; the result is only good when there are none."""
    resolver = _Resolver(scope, refusals, parameters)
    return calmed(resolver.query(query, _Reach())[0])


class _Resolver:
    def __init__(self, scope: Scope, refusals: Refusals, parameters: frozenset[str]) -> None:
        self._scope = scope
        self._refusals = refusals
        self._parameters = parameters
        self._taken: set[str] = set()

    def query(self, query: Query, reach: _Reach) -> tuple[Query, tuple[str, ...]]:
        """The resolved query and the names of its columns."""
        ctes, reach = self._with(query.ctes, reach)
        resolved = (
            self._select(query, reach) if isinstance(query, Select) else self._set_operation(query, reach)
        )
        return replace(resolved, ctes=ctes), names_of(resolved)

    def _with(self, ctes: tuple[Cte, ...], reach: _Reach) -> tuple[tuple[Cte, ...], _Reach]:
        resolved: list[Cte] = []
        for cte in ctes:
            if self._scope.table(cte.name):
                self._refusals.add("sql-shadow", cte.at, text=cte.name)
            if any(cte.name == other.name for other in ctes if other is not cte):
                self._refusals.add("sql-name-taken", cte.at, text=cte.name)
            self._check_name(cte.name, cte.at)
            body, columns = self.query(cte.query, reach)
            body, columns = self._renamed(body, columns, cte)
            name = self._unique(cte.name)
            resolved.append(Cte(name, (), body, at=cte.at))
            reach = _Reach({**reach.ctes, cte.name: (name, columns)}, reach.frames)
        return tuple(resolved), reach

    def _renamed(
        self, query: Query, columns: tuple[str, ...], named: Cte | Derived
    ) -> tuple[Query, tuple[str, ...]]:
        """`AS c(x, y)` becomes the names of the select list itself."""
        if not named.columns:
            return query, columns
        if len(named.columns) != len(columns):
            self._refusals.add("sql-columns-count", named.at)
            return query, columns
        for name in named.columns:
            self._check_name(name, named.at)
        self._distinct(named.columns, named.at)
        return _rename(query, named.columns), named.columns

    def _set_operation(self, query: SetOp, reach: _Reach) -> SetOp:
        left, left_names = self.query(query.left, reach)
        right, right_names = self.query(query.right, reach)
        if len(left_names) != len(right_names):
            self._refusals.add("sql-columns-count", query.at)
        order = tuple(self._ordinal(o, left_names) for o in _every_column(query.order, len(left_names)))
        return replace(query, left=left, right=right, order=order)

    def _ordinal(self, order: Order, names: tuple[str, ...]) -> Order:
        key = order.key
        if isinstance(key, Column) and key.source is None and key.name in names:
            return replace(order, key=_position(names.index(key.name)))
        if self._is_position(key, len(names)):
            return order
        self._refusals.add(
            "sql-position", getattr(key, "at", 0), fix="Order a UNION by the names of its columns."
        )
        return order

    def _select(self, query: Select, reach: _Reach) -> Select:
        frame = _Frame()
        reach = _Reach(reach.ctes, (*reach.frames, frame))
        source = self._relation(query.source, reach) if query.source else None
        items = self._items(query.items, reach)
        aliases = _Aliases({item.name: item.value for item in items if item.name})
        group = self._grouping(query.group, items, aliases, reach)
        resolved = replace(
            query,
            items=items,
            source=source,
            group=group,
            where=self._maybe(query.where, reach, aliases),
            having=self._maybe(query.having, reach, aliases),
            qualify=self._maybe(query.qualify, reach, aliases),
            distinct_on=tuple(self._key(key, items, aliases, reach) for key in query.distinct_on),
        )
        order = tuple(self._sort(o, items, aliases, reach) for o in _every_column(query.order, len(items)))
        return replace(resolved, order=order)

    def _items(self, items: tuple[Item, ...], reach: _Reach) -> tuple[Item, ...]:
        resolved: list[Item] = []
        for number, item in enumerate(items, start=1):
            earlier = {each.name: each.value for each in resolved if each.name}
            value = self._expr(item.value, reach, _Aliases(earlier, strict=False))
            name = item.name or _natural_name(item.value, number, {each.name for each in resolved})
            self._check_name(name, getattr(item.value, "at", 0))
            resolved.append(Item(value, name))
        self._distinct(
            tuple(item.name or "" for item in resolved), getattr(items[0].value, "at", 0) if items else 0
        )
        return tuple(resolved)

    def _grouping(
        self, group: Grouping | None, items: tuple[Item, ...], aliases: _Aliases, reach: _Reach
    ) -> Grouping | None:
        if group is None:
            return None
        if group.every:
            return _plain_grouping(tuple(item.value for item in items if not has_aggregate(item.value)))
        keys = tuple(self._key(key, items, aliases, reach) for key in group.keys)
        return (
            _plain_grouping(keys) if group.sets == (tuple(range(len(keys))),) else Grouping(keys, group.sets)
        )

    def _key(self, key: Expr, items: tuple[Item, ...], aliases: _Aliases, reach: _Reach) -> Expr:
        if isinstance(key, Constant) and key.kind == "integer":
            if self._is_position(key, len(items)):
                return items[int(key.text) - 1].value
            self._refusals.add("sql-position", key.at, text=key.text)
            return NULL
        return self._expr(key, reach, aliases)

    def _sort(self, order: Order, items: tuple[Item, ...], aliases: _Aliases, reach: _Reach) -> Order:
        names = [item.name for item in items]
        key = order.key
        if isinstance(key, Column) and key.source is None and key.name in names:
            return replace(order, key=_position(names.index(key.name)))
        if isinstance(key, Constant) and key.kind == "integer":
            if not self._is_position(key, len(items)):
                self._refusals.add("sql-position", key.at, text=key.text)
            return order
        value = self._expr(key, reach, aliases)
        same = [place for place, item in enumerate(items) if item.value == value]
        return replace(order, key=_position(same[0]) if same else value)

    def _is_position(self, key: Expr, length: int) -> bool:
        return isinstance(key, Constant) and key.kind == "integer" and 1 <= int(key.text) <= length

    def _maybe(self, expr: Expr | None, reach: _Reach, aliases: _Aliases) -> Expr | None:
        return self._expr(expr, reach, aliases) if expr is not None else None

    def _expr(self, expr: Expr, reach: _Reach, aliases: _Aliases) -> Expr:
        def settle(node: object) -> object | None:
            match node:
                case Column():
                    return self._column(node, reach, aliases)
                case Parameter():
                    if node.name not in self._parameters:
                        self._refusals.add(
                            "sql-parameter", node.at, text=f"${node.name}", among=self._parameters
                        )
                    return node
                case Exists() | Single():
                    return replace(node, query=self.query(node.query, reach)[0])
                case Among():
                    inner, columns = self.query(node.query, reach)
                    if len(columns) != 1:
                        self._refusals.add(
                            "sql-columns-count", node.at, fix="IN takes a query of one column."
                        )
                    return replace(node, value=self._expr(node.value, reach, aliases), query=inner)
                case _:
                    return None

        return rewrite(expr, settle)

    def _column(self, column: Column, reach: _Reach, aliases: _Aliases) -> Expr:
        if column.name == STAR:
            return self._star(column, reach.frames[-1])
        if column.source is not None:
            return self._qualified(column, column.source, reach)
        frame = reach.frames[-1]
        owners = frame.owners(column.name)
        if column.name in frame.merged:
            return frame.merged[column.name]
        if len(owners) > 1:
            self._refusals.add("sql-ambiguous", column.at, text=column.name)
            return NULL
        own = Column(owners[0], column.name, at=column.at) if owners else None
        named = aliases.values.get(column.name)
        if own is not None and named is not None and aliases.strict and named != own:
            self._refusals.add("sql-ambiguous", column.at, text=column.name)
        return own or named or self._outer(column, reach)

    def _star(self, star: Column, frame: _Frame) -> Expr:
        chosen = {a: c for a, (_, c) in frame.relations.items() if star.source in {None, a}}
        prefix = len(frame.relations) > 1
        names = [
            f"{alias}.{name}" if prefix else name for alias, columns in chosen.items() for name in columns
        ]
        fix = f"Write the columns that are needed, out of: {', '.join(names)}" if names else ""
        self._refusals.add("sql-star", star.at, text="*", fix=fix)
        return NULL

    def _qualified(self, column: Column, source: str, reach: _Reach) -> Expr:
        for frame in reversed(reach.frames):
            if source in frame.refused:
                return NULL
            if source in frame.relations:
                alias, columns = frame.relations[source]
                if column.name not in columns:
                    self._refusals.add("sql-column", column.at, text=f"{source}.{column.name}", among=columns)
                return Column(alias, column.name, at=column.at)
        among = {alias for frame in reach.frames for alias in frame.relations}
        self._refusals.add("sql-source", column.at, text=source, among=sorted(among))
        return NULL

    def _outer(self, column: Column, reach: _Reach) -> Expr:
        for frame in reversed(reach.frames[:-1]):
            owners = frame.owners(column.name)
            if len(owners) == 1 or column.name in frame.merged:
                return frame.merged.get(column.name) or Column(owners[0], column.name, at=column.at)
            if owners:
                self._refusals.add("sql-ambiguous", column.at, text=column.name)
                return NULL
        if not any(frame.refused for frame in reach.frames):
            among = sorted({name for frame in reach.frames for name in frame.names()})
            self._refusals.add("sql-column", column.at, text=column.name, among=among)
        return NULL

    def _relation(self, relation: Relation, reach: _Reach) -> Relation:
        match relation:
            case Named():
                return self._named(relation, reach)
            case Derived():
                query, columns = self.query(relation.query, reach)
                query, columns = self._renamed(query, columns, relation)
                return Derived(query, self._enter(relation, columns, reach), at=relation.at)
            case Rows():
                rows = tuple(
                    tuple(self._expr(c, _Reach(frames=(_Frame(),)), _Aliases()) for c in r)
                    for r in relation.rows
                )
                return replace(relation, rows=rows, alias=self._enter(relation, relation.columns, reach))
            case Series():
                args = tuple(self._constant_argument(arg) for arg in relation.args)
                return replace(relation, args=args, alias=self._enter(relation, relation.columns, reach))
            case Join():
                return self._join(relation, reach)

    def _constant_argument(self, arg: Expr) -> Expr:
        if any(isinstance(node, Column | Exists | Among | Single) for node in walk(arg)):
            self._refusals.add("sql-series-args", getattr(arg, "at", 0))
            return NULL
        return self._expr(arg, _Reach(frames=(_Frame(),)), _Aliases())

    def _named(self, relation: Named, reach: _Reach) -> Relation:
        if relation.columns:
            self._refusals.add("sql-construct", relation.at, fix="Rename columns in a select list, with AS.")
        if relation.name in reach.ctes:
            name, columns = reach.ctes[relation.name]
            return Named(name, self._enter(relation, columns, reach), common=True, at=relation.at)
        table = self._scope.table(relation.name)
        if table is None:
            among = [*(each.name for each in self._scope.tables), *reach.ctes]
            self._refusals.add("sql-table", relation.at, text=relation.name, among=among)
            # Its columns are not asked after: one refusal says it all.
            reach.frames[-1].refused.add(relation.alias)
            return Named(relation.name, self._enter(relation, (), reach), at=relation.at)
        columns = tuple(column.name for column in table.columns)
        return Named(relation.name, self._enter(relation, columns, reach), at=relation.at)

    def _enter(
        self, relation: Named | Derived | Rows | Series, columns: tuple[str, ...], reach: _Reach
    ) -> str:
        """Bring a relation into reach under its alias; the alias that is unique in the whole query comes back."""
        frame = reach.frames[-1]
        if relation.alias in frame.relations:
            self._refusals.add("sql-name-taken", relation.at, text=relation.alias)
        self._check_name(relation.alias, relation.at)
        if isinstance(relation, Rows | Series):
            self._distinct(columns, relation.at)
        alias = self._unique(relation.alias)
        frame.relations[relation.alias] = (alias, columns)
        return alias

    def _join(self, join: Join, reach: _Reach) -> Relation:
        frame = reach.frames[-1]
        left = self._relation(join.left, reach)
        before = dict(frame.relations)
        right = self._relation(join.right, reach)
        on = self._using(join, before, reach) if join.using else self._maybe(join.on, reach, _Aliases())
        if join.kind in {"semi", "anti"}:
            frame.relations = before
        kind = "inner" if join.kind == "cross" and on is not None else join.kind
        return Join(kind, left, right, on, at=join.at)

    def _using(
        self, join: Join, before: Mapping[str, tuple[str, tuple[str, ...]]], reach: _Reach
    ) -> Expr | None:
        frame = reach.frames[-1]
        conditions: list[Expr] = []
        for name in join.using:
            left = self._side(_Frame(dict(before), frame.merged), name, join)
            new = {key: value for key, value in frame.relations.items() if key not in before}
            right = self._side(_Frame(new), name, join)
            conditions.append(Call("=", (left, right), at=join.at))
            frame.merged[name] = _merged(join.kind, left, right)
        return conditions[0] if len(conditions) == 1 else Call("and", tuple(conditions), at=join.at)

    def _side(self, frame: _Frame, name: str, join: Join) -> Expr:
        if name in frame.merged:
            return frame.merged[name]
        owners = frame.owners(name)
        if len(owners) != 1:
            self._refusals.add(
                "sql-ambiguous" if owners else "sql-column", join.at, text=name, among=frame.names()
            )
            return NULL
        return Column(owners[0], name, at=join.at)

    def _unique(self, alias: str) -> str:
        name, number = alias, 2
        while name in self._taken:
            name, number = f"{alias}_{number}", number + 1
        self._taken.add(name)
        return name

    def _check_name(self, name: str, at: int) -> None:
        if name.startswith(RESERVED_PREFIX) or RESERVED_INFIX in name:
            self._refusals.add("sql-name", at, text=name)

    def _distinct(self, names: tuple[str, ...], at: int) -> None:
        for name in {name for name in names if names.count(name) > 1}:
            self._refusals.add("sql-name-taken", at, text=name)


def names_of(query: Query) -> tuple[str, ...]:
    """The column names of a resolved query."""
    while isinstance(query, SetOp):
        query = query.left
    return tuple(item.name or "" for item in query.items)


def has_aggregate(expr: Expr) -> bool:
    """Whether an aggregate (not one inside a window, nor inside a subquery) is computed here."""
    if isinstance(expr, Window):
        own = [*expr.call.args, *expr.partition, *(order.key for order in expr.order)]
        return any(has_aggregate(part) for part in own)
    if isinstance(expr, Call) and functions.is_aggregate(expr.name):
        return True
    return any(has_aggregate(part) for part in children(expr) if not isinstance(part, Select | SetOp))


def _plain_grouping(keys: tuple[Expr, ...]) -> Grouping:
    """GROUP BY these; a constant among other keys groups nothing, and as a number would be taken for a position."""
    varying = tuple(dict.fromkeys(key for key in keys if not isinstance(key, Constant))) or keys
    return Grouping(varying, (tuple(range(len(varying))),))


def _grouping_sets(keys: tuple[Expr, ...], sets: tuple[tuple[int, ...], ...]) -> Grouping:
    """GROUPING SETS in which each key has one place, however often it was written."""
    distinct = tuple(dict.fromkeys(keys))
    places = [distinct.index(key) for key in keys]
    return Grouping(distinct, tuple(tuple(dict.fromkeys(places[i] for i in one)) for one in sets))


def _merged(kind: str, left: Expr, right: Expr) -> Expr:
    if kind == "full":
        return Call("coalesce", (left, right))
    return right if kind == "right" else left


def _every_column(order: tuple[Order, ...], width: int) -> tuple[Order, ...]:
    """ORDER BY ALL, said column by column."""
    if len(order) != 1 or order[0].key != Column(None, STAR):
        return order
    return tuple(replace(order[0], key=_position(place)) for place in range(width))


def _position(index: int) -> Constant:
    return Constant("integer", str(index + 1))


def _natural_name(value: Expr, number: int, taken: set[str | None]) -> str:
    """The name of an unnamed column: the column's own, the function's, or its number."""
    match value:
        case Column():
            return value.name
        case Call(name, _) if functions.is_aggregate(name):
            plain = "count" if name == "count_star" else name
        case _:
            plain = f"column_{number}"
    return plain if plain not in taken else f"{plain}_{number}"


def _rename(query: Query, names: tuple[str, ...]) -> Query:
    if isinstance(query, SetOp):
        return replace(query, left=_rename(query.left, names))
    return replace(
        query, items=tuple(Item(item.value, name) for item, name in zip(query.items, names, strict=True))
    )
