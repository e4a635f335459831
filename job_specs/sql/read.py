"""A text -> our nouns, through DuckDB's own parser: one SELECT, by allow-list.

Refuses more than one statement, anything that is not a SELECT, queries that change data, stars, samples, recursion,
table functions, and every construct, key or flag that is not named here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Any

from job_specs.sql import duck, functions
from job_specs.sql.ir import (
    Column,
    Constant,
    Cte,
    Derived,
    Expr,
    Grouping,
    Item,
    Join,
    JoinKind,
    Named,
    Query,
    Relation,
    Rows,
    Select,
    Series,
    SetOp,
)
from job_specs.sql.read_expr import ExprReader, Json, at
from job_specs.sql.refusals import Refusals

_MOST_BYTES = 1 << 20
_MOST_DEPTH = 120
_MOST_WORDS = 25_000
_MOST_NODES = 400_000
_CONTROL = re.compile(r"[^\n\r\t -~]")
_WORDS = re.compile(r"\w+|[^\w\s]+")
_MATERIALIZED = frozenset({"CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER"})
_CHANGES = frozenset({"INSERT_QUERY_NODE", "UPDATE_QUERY_NODE", "DELETE_QUERY_NODE", "COPY_QUERY_NODE"})
_EMPTY = Select((), None)
_NOTHING = Rows((), "nothing", ())

_Json = Mapping[str, Any]


def read(untrusted_sql: str, refusals: Refusals) -> Query:
    """The one query a text holds, not yet resolved. Notes refusals as it goes.

    Raises:
        SqlRefused: where nothing can be read at all.
    """
    check_text(untrusted_sql, refusals)
    statement = _one_select(untrusted_sql, refusals)
    _bounded(statement, refusals)
    return _QueryReader(refusals).query(statement["node"])


def check_text(sql: str, refusals: Refusals) -> None:
    """Refuse what is too long, or holds characters that do not show, before any parser sees it.

    Raises:
        SqlRefused: it is.
    """
    if not sql.strip():
        raise refusals.stop("sql-empty", text="(nothing)")
    if len(sql.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise refusals.stop("sql-too-long")
    if len(_WORDS.findall(sql)) > _MOST_WORDS:
        raise refusals.stop("sql-too-big")
    if sql.isascii() and not _CONTROL.search(sql):
        return
    for place, character in enumerate(sql):
        if character not in "\n\r\t" and unicodedata.category(character) in {
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Zl",
            "Zp",
        }:
            raise refusals.stop("sql-character", len(sql[:place].encode()), text=character)


def _one_select(sql: str, refusals: Refusals) -> _Json:
    try:
        tree = duck.parse(sql)
    except RecursionError as deep:
        raise refusals.stop("sql-too-deep") from deep
    if tree.get("error"):
        raise _why_unread(sql, tree, refusals)
    found = tree.get("statements", [])
    if len(found) != 1:
        raise refusals.stop("sql-one-statement")
    return found[0]  # type: ignore[no-any-return]


def _why_unread(sql: str, tree: _Json, refusals: Refusals) -> Exception:
    if tree.get("error_type") == "parser":
        place = str(tree.get("position", "0"))
        return refusals.stop("sql-syntax", int(place) if place.isdigit() else 0)
    if tree.get("error_type") == duck.UNREADABLE:
        return refusals.stop("sql-too-big")
    count = duck.statements(sql)
    return refusals.stop("sql-one-statement" if count > 1 else "sql-not-select")


def _bounded(tree: Any, refusals: Refusals) -> None:
    """Refuse trees too deep or too big to walk, without recursion."""
    level, nodes, depth = [tree], 0, 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if depth > _MOST_DEPTH or nodes > _MOST_NODES:
            raise refusals.stop("sql-too-deep" if depth > _MOST_DEPTH else "sql-too-big")
        level = [child for node in level for child in _inside(node)]


def _inside(node: Any) -> list[Any]:
    inside = node.values() if isinstance(node, dict) else node
    return [child for child in inside if isinstance(child, dict | list)]


class _QueryReader:
    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._exprs = ExprReader(refusals, self.query)
        self._unnamed = 0
        self._sources: Mapping[str, Callable[[Json], Relation]] = {
            "BASE_TABLE": self._table,
            "SUBQUERY": self._derived,
            "JOIN": self._join,
            "TABLE_FUNCTION": self._series,
            "EXPRESSION_LIST": lambda node: self._rows(
                node, self._alias(node, "valueslist"), self._aliases(node)
            ),
        }

    def query(self, node: Json) -> Query:
        """One SELECT or set operation."""
        match node.get("type"):
            case "SELECT_NODE":
                return self._select(node)
            case "SET_OPERATION_NODE":
                return self._set_operation(node)
            case kind:
                code = "sql-changes-data" if kind in _CHANGES else "sql-construct"
                self._refusals.add("sql-recursive" if kind == "RECURSIVE_CTE_NODE" else code, at(node))
                return _EMPTY

    def _select(self, node: Json) -> Select:
        self._exprs.only(node, "cte_map", "modifiers", "select_list", "from_table", "where_clause", "group_expressions",
                         "group_sets", "aggregate_handling", "having", "qualify", "sample")  # fmt: skip
        if "sample" in node:
            self._refusals.add("sql-sample", at(node))
        if _is_values(node):
            return self._values(node)
        self._select_before_from(node)
        items = tuple(self._item(entry) for entry in node.get("select_list", []))
        select = Select(items, self._source(node["from_table"]), at=at(node))
        return self._with_clauses(select, node)

    def _with_clauses(self, select: Select, node: Json) -> Select:
        tail = self._tail(node)
        return Select(
            select.items,
            select.source,
            where=self._maybe(node, "where_clause"),
            group=self._grouping(node),
            having=self._maybe(node, "having"),
            qualify=self._maybe(node, "qualify"),
            distinct=tail.distinct,
            distinct_on=tail.distinct_on,
            order=tail.order,
            limit=tail.limit,
            offset=tail.offset,
            ctes=self._ctes(node),
            at=select.at,
        )

    def _select_before_from(self, node: Json) -> None:
        first: Json = next(iter(node.get("select_list", [])), {})
        source = node.get("from_table", {})
        while source.get("type") == "JOIN":
            source = source["left"]
        if "query_location" in first and "query_location" in source and at(source) < at(first):
            self._refusals.add("sql-from-first", at(source))

    def _maybe(self, node: Json, key: str) -> Expr | None:
        return self._exprs.read(node[key]) if key in node else None

    def _item(self, entry: Json) -> Item:
        alias = entry.get("alias")
        return Item(self._exprs.read(entry), self._exprs.name(alias, at(entry)) if alias else None)

    def _grouping(self, node: Json) -> Grouping | None:
        if node.get("aggregate_handling") == "FORCE_AGGREGATES":
            return Grouping((), (), every=True)
        if node.get("aggregate_handling", "STANDARD_HANDLING") != "STANDARD_HANDLING":
            self._refusals.add("sql-construct", at(node))
        keys = tuple(self._exprs.read(key) for key in node.get("group_expressions", []))
        sets = tuple(tuple(int(i) for i in one) for one in node.get("group_sets", []))
        return Grouping(keys, sets) if keys or sets else None

    def _tail(self, node: Json) -> Select:
        """DISTINCT, ORDER BY, LIMIT and OFFSET, in an otherwise empty Select."""
        tail: dict[str, Any] = {}
        for modifier in node.get("modifiers", []):
            tail |= self._modifier(modifier)
        return Select((), None, **tail)

    def _modifier(self, node: Json) -> dict[str, Any]:
        match node.get("type"):
            case "DISTINCT_MODIFIER":
                self._exprs.only(node, "distinct_on_targets")
                targets = tuple(self._exprs.read(target) for target in node.get("distinct_on_targets", []))
                return {"distinct": not targets, "distinct_on": targets}
            case "ORDER_MODIFIER":
                self._exprs.only(node, "orders")
                return {"order": self._exprs.orders(node.get("orders", []))}
            case "LIMIT_MODIFIER":
                self._exprs.only(node, "limit", "offset")
                return {key: self._count(node[key]) for key in ("limit", "offset") if key in node}
            case _:
                self._refusals.add("sql-construct", at(node))
                return {}

    def _count(self, node: Json) -> Expr:
        expr = self._exprs.read(node)
        if not isinstance(expr, Constant) or expr.kind != "integer" or expr.text.startswith("-"):
            self._refusals.add("sql-limit", at(node), fix="LIMIT takes a plain number.")
        return expr

    def _ctes(self, node: Json) -> tuple[Cte, ...]:
        self._exprs.only(node.get("cte_map", {}), "map")
        return tuple(self._cte(entry) for entry in node.get("cte_map", {}).get("map", []))

    def _cte(self, entry: Json) -> Cte:
        body = entry["value"]
        self._exprs.only(body, "aliases", "materialized", "query_node")
        if body.get("materialized", "CTE_MATERIALIZE_DEFAULT") not in _MATERIALIZED:
            self._refusals.add("sql-construct", at(body["query_node"]))
        place = _first_place(body["query_node"])
        columns = tuple(self._exprs.name(alias, place) for alias in body.get("aliases", []))
        return Cte(self._exprs.name(entry["key"], place), columns, self.query(body["query_node"]), at=place)

    def _set_operation(self, node: Json) -> Query:
        self._exprs.only(node, "cte_map", "modifiers", "setop_type", "setop_all", "children")
        kind = str(node.get("setop_type", "")).lower()
        children = [self.query(child) for child in node.get("children", [])]
        tail = self._tail(node)
        if kind not in {"union", "except", "intersect"} or len(children) < 2 or tail.distinct_on:  # noqa: PLR2004
            self._refusals.add("sql-construct", at(node))
            return _EMPTY
        if kind != "union" and len(children) != 2:  # noqa: PLR2004
            self._refusals.add("sql-construct", at(node))
        # DuckDB leaves out `setop_all` where it is true, and says so where it is false.
        every = bool(node.get("setop_all", True)) and not tail.distinct
        step = partial(SetOp, kind, every, at=_first_place(node))  # type: ignore[arg-type]
        left = reduce(step, children[1:-1], children[0])
        return step(left, children[-1], tail.order, tail.limit, tail.offset, self._ctes(node))

    def _values(self, node: Json) -> Select:
        self._exprs.only(node, "cte_map", "select_list", "from_table", "aggregate_handling")
        listed: Json = node["from_table"]
        names: tuple[str, ...] = ()
        if listed["type"] == "SUBQUERY":
            names, listed = self._aliases(listed), listed["subquery"]["node"]["from_table"]
        rows = self._rows(listed, "valueslist", names)
        return Select(
            tuple(Item(Column(rows.alias, c), c) for c in rows.columns), rows, ctes=self._ctes(node)
        )

    def _rows(self, node: Json, alias: str, columns: tuple[str, ...]) -> Rows:
        rows = tuple(tuple(self._exprs.read(cell) for cell in row) for row in node.get("values", []))
        width = max((len(row) for row in rows), default=0)
        names = columns or tuple(f"col{i}" for i in range(width))
        if len(names) != width or any(len(row) != width for row in rows):
            self._refusals.add("sql-columns-count", at(node))
        return Rows(rows, alias, names, at=at(node))

    def _source(self, node: Json) -> Relation | None:
        if "sample" in node:
            self._refusals.add("sql-sample", at(node))
        kind = str(node.get("type"))
        if kind == "EMPTY":
            return None
        reader = self._sources.get(kind)
        if reader is not None:
            return reader(node)
        self._refusals.add("sql-describe" if kind == "SHOW_REF" else "sql-construct", at(node))
        return _NOTHING

    def _alias(self, node: Json, otherwise: str) -> str:
        alias = node.get("alias") or otherwise
        return self._exprs.name(alias, at(node))

    def _aliases(self, node: Json) -> tuple[str, ...]:
        return tuple(self._exprs.name(alias, at(node)) for alias in node.get("column_name_alias", []))

    def _table(self, node: Json) -> Relation:
        self._exprs.only(
            node, "table_name", "qualified_name", "column_name_alias", "sample", "schema_name", "catalog_name"
        )
        written = str(node.get("table_name", ""))
        if node.get("qualified_name", {}).get("path") != [written]:
            path = ".".join(str(part) for part in node.get("qualified_name", {}).get("path", []))
            self._refusals.add("sql-table-path", at(node), text=path)
            return _NOTHING
        alias = self._alias(node, "unnamed") if node.get("alias") else written.lower()
        return Named(written.lower(), alias, self._aliases(node), at=at(node))

    def _derived(self, node: Json) -> Relation:
        self._exprs.only(node, "subquery", "column_name_alias", "sample")
        self._exprs.only(node["subquery"], "node", "named_param_map")
        inner = node["subquery"]["node"]
        self._unnamed += not node.get("alias")
        alias = self._alias(node, f"unnamed_{self._unnamed}")
        plain = inner.get("from_table", {}).get("type") == "EXPRESSION_LIST"
        if plain and _is_values(inner) and not inner.get("cte_map", {}).get("map"):
            return self._rows(inner["from_table"], alias, self._aliases(node))
        return Derived(self.query(inner), alias, self._aliases(node), at=at(node))

    def _join(self, node: Json) -> Relation:
        self._exprs.only(
            node, "left", "right", "condition", "join_type", "ref_type", "using_columns", "is_implicit"
        )
        left, right = self._source(node["left"]), self._source(node["right"])
        kind = _join_kind(node)
        if kind is None or left is None or right is None:
            self._refusals.add("sql-join-kind", at(node))
            return _NOTHING
        using = tuple(self._exprs.name(name, at(node)) for name in node.get("using_columns", []))
        return Join(kind, left, right, self._maybe(node, "condition"), using, at=at(node))

    def _series(self, node: Json) -> Relation:
        self._exprs.only(node, "function", "column_name_alias", "sample")
        call = node["function"]
        self._exprs.only(call, "function_name", "qualified_name", "arguments", "order_bys")
        written = str(call.get("function_name", ""))
        found = functions.find(written)
        if (
            found is None
            or found.kind is not functions.Kind.TABLE
            or call["qualified_name"]["path"] != [written]
        ):
            fix = functions.HINTS.get(written.lower(), "")
            self._refusals.add("sql-function", at(node), text=written, fix=fix)
            return _NOTHING
        args = tuple(self._exprs.read(argument["expression"]) for argument in call.get("arguments", []))
        if not found.least <= len(args) <= found.most:
            self._refusals.add("sql-arity", at(node), text=found.name)
        args = (Constant("integer", "0"), *args) if len(args) == 1 else args
        columns = self._aliases(node)[:1] or (found.name,)
        return Series(found.name, args, self._alias(node, found.name), columns, at=at(node))


_KINDS: Mapping[str, JoinKind] = {
    "INNER": "inner",
    "LEFT": "left",
    "RIGHT": "right",
    "SEMI": "semi",
    "ANTI": "anti",
}


def _join_kind(node: Json) -> JoinKind | None:
    match node.get("ref_type", "REGULAR"), node.get("join_type"):
        case "CROSS", "INNER":
            return "cross"
        case "REGULAR", ("INNER" | "LEFT" | "RIGHT" | "SEMI" | "ANTI") as kind:
            return _KINDS[kind]
        case "REGULAR", ("FULL" | "OUTER"):
            return "full"
        case _:
            return None


def _is_values(node: Json) -> bool:
    items = node.get("select_list", [])
    return (
        node.get("type") == "SELECT_NODE"
        and _lists_values(node.get("from_table", {}))
        and len(items) == 1
        and items[0].get("class") == "STAR"
        and set(items[0]) <= {"class", "type", "query_location", "query_location_length"}
    )


def _lists_values(source: Json) -> bool:
    if source.get("type") == "SUBQUERY" and "sample" not in source:
        return _is_values(source.get("subquery", {}).get("node", {}))
    return source.get("type") == "EXPRESSION_LIST"


def _first_place(node: Json) -> int:
    """The first place the parser names inside a node that has none of its own."""
    if "query_location" in node:
        return at(node)
    for child in _inside(node):
        found = (
            _first_place(child)
            if isinstance(child, dict)
            else min((_first_place(c) for c in child if isinstance(c, dict)), default=0)
        )
        if found:
            return found
    return 0
