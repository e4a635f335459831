"""DuckDB's syntax tree of an expression -> our nouns, by allow-list: an unknown class, key or flag is a refusal.

Spellings that mean one thing come out as one noun (`IS NOT NULL` is NOT(IS NULL), `pow` is `**`), so that two readings
of one meaning can be compared. A refused part leaves a NULL behind, and reading goes on to find the next problem.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from job_specs.sql import functions, types
from job_specs.sql.ir import (
    NULL,
    STAR,
    Among,
    Call,
    Case,
    Cast,
    Column,
    Constant,
    Exists,
    Expr,
    Frame,
    Order,
    Parameter,
    Query,
    Single,
    Window,
)
from job_specs.sql.ranking import RANKED, keys_of, row_of
from job_specs.sql.refusals import Refusals

Json = Mapping[str, Any]

_ALWAYS = frozenset({"class", "type", "alias", "query_location", "query_location_length"})
_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_NOT_DISTINCT_FROM": "is_not_distinct",
}
_OPERATORS = {
    "OPERATOR_NOT": "not",
    "OPERATOR_IS_NULL": "is_null",
    "COMPARE_IN": "in",
    "OPERATOR_COALESCE": "coalesce",
    "GROUPING_FUNCTION": "grouping",
}
_NEGATED_OPERATORS = {"OPERATOR_IS_NOT_NULL": "is_null", "COMPARE_NOT_IN": "in"}
_NEGATED_FUNCTIONS = {"!~~": "~~", "!~~*": "~~*", "!~": "regexp_full_match"}
_CONSTANT_KINDS = {"STRING": "text", "BOOLEAN": "boolean", "NULL_LITERAL": "null"}
_FRAME_BOUND = re.compile(r"(UNBOUNDED_PRECEDING|UNBOUNDED_FOLLOWING|CURRENT_ROW|EXPR_PRECEDING|EXPR_FOLLOWING)"
                          r"(?:_(ROWS|RANGE))?\Z")  # fmt: skip
_INTERVAL = re.compile(r"\s*(-?\d{1,6})\s+(year|month|week|day|hour|minute|second)s?\s*\Z", re.IGNORECASE)
_INTEGER = re.compile(r"-?\d{1,38}\Z")
_DECIMAL = re.compile(r"-?(\d{1,38}(\.\d{0,38})?|\.\d{1,38})([eE][+-]?\d{1,3})?\Z")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
_NUMBERED = re.compile(r"\d+\Z")


class ExprReader:
    """Reads expressions; `read_query` reads a query inside one."""

    def __init__(self, refusals: Refusals, read_query: Callable[[Json], Query]) -> None:
        self._refusals = refusals
        self._read_query = read_query
        self._classes: Mapping[str, Callable[[Json], Expr]] = {
            "COLUMN_REF": self._column,
            "CONSTANT": self._constant,
            "PARAMETER": self._parameter,
            "FUNCTION": self._function,
            "WINDOW": self._window,
            "COMPARISON": self._comparison,
            "CONJUNCTION": self._conjunction,
            "OPERATOR": self._operator,
            "BETWEEN": self._between,
            "CASE": self._case,
            "CAST": self._cast,
            "SUBQUERY": self._subquery,
        }

    def read(self, node: Json) -> Expr:
        """One expression."""
        reader = self._classes.get(str(node.get("class")))
        if reader is not None:
            return reader(node)
        if node.get("class") == "STAR":
            return self._star(node)
        code = "sql-position-reference" if node.get("class") == "POSITIONAL_REFERENCE" else "sql-construct"
        return self._refuse(code, node)

    def _star(self, node: Json) -> Expr:
        """A plain star is read, only so that its refusal can offer what it stands for."""
        if set(node) <= _ALWAYS | {"relation_name"}:
            source = node.get("relation_name")
            return Column(str(source).lower() if source else None, STAR, at=at(node))
        return self._refuse("sql-star", node)

    def orders(self, nodes: list[Json]) -> tuple[Order, ...]:
        """Sort keys."""
        return tuple(self._order(node) for node in nodes)

    def name(self, untrusted_name: Any, at: int) -> str:
        """An identifier in its one spelling (DuckDB compares names without case)."""
        lowered = str(untrusted_name).lower()
        if not _NAME.match(lowered):
            self._refusals.add("sql-name", at, text=str(untrusted_name))
        return lowered

    def only(self, node: Json, *keys: str) -> None:
        """Refuse any key beyond those named: a flag we do not know may change what is meant."""
        for key in node.keys() - _ALWAYS - set(keys):
            self._refusals.add("sql-construct", at(node), fix=f"Leave out what DuckDB calls {key!r} here.")

    def _refuse(self, code: str, node: Json, *, text: str = "", fix: str = "") -> Expr:
        self._refusals.add(code, at(node), text=text, fix=fix)
        return NULL

    def _many(self, nodes: list[Json]) -> tuple[Expr, ...]:
        return tuple(self.read(node) for node in nodes)

    def _order(self, node: Json) -> Order:
        self.only(node, "null_order", "expression")
        nulls = {"NULLS FIRST": "first", "NULLS LAST": "last"}.get(str(node.get("null_order")), "default")
        descending = node.get("type") == "DESCENDING"
        if set(node["expression"]) == {"class", "type", "columns"} and node["expression"]["class"] == "STAR":
            return Order(Column(None, STAR), descending, nulls)  # type: ignore[arg-type]
        return Order(self.read(node["expression"]), descending, nulls)  # type: ignore[arg-type]

    def _column(self, node: Json) -> Expr:
        self.only(node, "column_names")
        path = [self.name(part, at(node)) for part in node.get("column_names", [])]
        match path:
            case [name]:
                return self._plain_name(name, node)
            case [source, name]:
                return Column(source, name, at=at(node))
            case _:
                return self._refuse("sql-table-path", node, text=".".join(path))

    def _plain_name(self, name: str, node: Json) -> Expr:
        hint = functions.HINTS.get(name, "")
        if hint and name.startswith("current_"):
            return self._refuse("sql-function", node, text=name, fix=hint)
        return Column(None, name, at=at(node))

    def _constant(self, node: Json) -> Expr:
        self.only(node, "literal")
        literal = node.get("literal", {})
        kind, text = literal.get("kind"), str(literal.get("text", ""))
        if kind in _CONSTANT_KINDS:
            return Constant(_CONSTANT_KINDS[kind], _plain_text(kind, text), at=at(node))  # type: ignore[arg-type]
        number = text.replace("_", "").lower()
        if kind == "INTEGER" and _INTEGER.match(number):
            return Constant("integer", number, at=at(node))
        if kind == "NUMERIC" and _DECIMAL.match(number):
            return Constant("decimal", re.sub(r"^(-?)\.", r"\g<1>0.", number), at=at(node))
        return self._refuse("sql-literal", node)

    def _parameter(self, node: Json) -> Expr:
        self.only(node, "identifier")
        name = str(node.get("identifier", ""))
        if _NUMBERED.match(name) or not name:
            return self._refuse("sql-parameter", node, fix="Name the parameter: $name.")
        return Parameter(self.name(name, at(node)), at=at(node))

    def _comparison(self, node: Json) -> Expr:
        self.only(node, "left", "right")
        sides = (self.read(node["left"]), self.read(node["right"]))
        if node["type"] == "COMPARE_DISTINCT_FROM":
            return negation(Call("is_not_distinct", sides, at=at(node)))
        name = _COMPARISONS.get(node["type"])
        return Call(name, sides, at=at(node)) if name else self._refuse("sql-construct", node)

    def _conjunction(self, node: Json) -> Expr:
        self.only(node, "children")
        name = {"CONJUNCTION_AND": "and", "CONJUNCTION_OR": "or"}.get(node["type"])
        parts = self._many(node["children"])
        return Call(name, _flat(name, parts), at=at(node)) if name else self._refuse("sql-construct", node)

    def _operator(self, node: Json) -> Expr:
        self.only(node, "children")
        args = self._many(node.get("children", []))
        if node["type"] in _NEGATED_OPERATORS:
            return negation(Call(_NEGATED_OPERATORS[node["type"]], args, at=at(node)))
        if node["type"] == "OPERATOR_NOT" and len(args) == 1:
            return negation(args[0], at(node))
        name = _OPERATORS.get(node["type"])
        return Call(name, args, at=at(node)) if name else self._refuse("sql-construct", node)

    def _between(self, node: Json) -> Expr:
        self.only(node, "input", "lower", "upper")
        args = (self.read(node["input"]), self.read(node["lower"]), self.read(node["upper"]))
        return Call("between", args, at=at(node))

    def _case(self, node: Json) -> Expr:
        self.only(node, "case_checks", "else_expr")
        whens = tuple(
            (self.read(check["when_expr"]), self.read(check["then_expr"])) for check in node["case_checks"]
        )
        return Case(whens, self.read(node["else_expr"]), at=at(node))

    def _cast(self, node: Json) -> Expr:
        self.only(node, "child", "type_expr", "try_cast")
        target = self._type(node["type_expr"])
        if target is None:
            return self._refuse("sql-type", node, text=str(node["type_expr"].get("type_name", "")))
        if target == "INTERVAL":
            return self._interval_text(node)
        return Cast(self.read(node["child"]), target, bool(node.get("try_cast", False)), at=at(node))

    def _type(self, node: Json) -> str | None:
        path = node.get("qualified_name", {}).get("path", [])
        if node.get("class") != "TYPE" or len(path) != 1:
            return None
        sizes = [child.get("literal", {}) for child in node.get("children", [])]
        if any(size.get("kind") != "INTEGER" for size in sizes):
            return None
        return types.canonical(str(node.get("type_name", "")), tuple(int(size["text"]) for size in sizes))

    def _interval_text(self, node: Json) -> Expr:
        literal = node["child"].get("literal", {})
        found = _INTERVAL.match(str(literal.get("text", ""))) if literal.get("kind") == "STRING" else None
        if found is None or node.get("try_cast"):
            return self._refuse("sql-interval", node)
        amount = Constant("integer", str(int(found.group(1))), at=at(node))
        return Call(f"to_{found.group(2).lower()}s", (amount,), at=at(node))

    def _subquery(self, node: Json) -> Expr:
        self.only(node, "subquery", "subquery_type", "child", "comparison_type")
        self.only(node["subquery"], "node", "named_param_map")
        query = self._read_query(node["subquery"]["node"])
        match node.get("subquery_type"), node.get("comparison_type"):
            case "EXISTS", _:
                return Exists(query, at=at(node))
            case "SCALAR", _:
                return Single(query, at=at(node))
            case "NOT_EXISTS", _:
                return negation(Exists(query, at=at(node)))
            case "ANY", "COMPARE_EQUAL":
                return Among(self.read(node["child"]), query, at=at(node))
            case _:
                return self._refuse("sql-construct", node, fix="Use IN, EXISTS, or a join.")

    def _function(self, node: Json) -> Expr:
        self.only(node, "function_name", "qualified_name", "arguments", "filter", "order_bys", "distinct", "is_operator",
                  "schema", "catalog")  # fmt: skip
        written = str(node.get("function_name", ""))
        if node.get("qualified_name", {}).get("path") != [written]:
            return self._refuse("sql-function-schema", node)
        args = self._arguments(node)
        spelled = self._respelled(written.lower(), args, node)
        if spelled is not None:
            return spelled
        found = functions.find(written)
        if found is None:
            return self._unknown_function(written, node)
        if found.kind in _PLACES:
            return self._refuse("sql-function", node, text=written, fix=_PLACES[found.kind])
        return self._call(found, args, node)

    def _respelled(self, name: str, args: tuple[Expr, ...], node: Json) -> Expr | None:
        """Functions that are only another way of writing something else."""
        if name in _NEGATED_FUNCTIONS:
            return negation(Call(_NEGATED_FUNCTIONS[name], args, at=at(node)))
        if name in {"if", "iif"} and len(args) in {2, 3}:
            return Case(((args[0], args[1]),), args[2] if args[2:] else NULL, at=at(node))
        return self._logarithm(args, node) if name == "log" else None

    def _logarithm(self, args: tuple[Expr, ...], node: Json) -> Expr:
        """`log(x)` is to base 10 in DuckDB; with a base, only 10 and 2 have names."""
        bases = {"10": "log10", "2": "log2"}
        match args:
            case (value,):
                return Call("log10", (value,), at=at(node))
            case (Constant("integer", base), value) if base in bases:
                return Call(bases[base], (value,), at=at(node))
            case _:
                return self._refuse("sql-function", node, text="log", fix="Write log10(x), log2(x) or ln(x).")

    def _unknown_function(self, written: str, node: Json) -> Expr:
        fix = functions.HINTS.get(written.lower(), "")
        among = None if fix else functions.FUNCTIONS
        self._refusals.add("sql-function", at(node), text=written, fix=fix, among=among)
        return NULL

    def _arguments(self, node: Json) -> tuple[Expr, ...]:
        for argument in node.get("arguments", []):
            self.only(argument, "expression")
        given = [argument["expression"] for argument in node.get("arguments", [])]
        found = functions.find(str(node.get("function_name", "")))
        return self._ranked(given, node) if found and found.name in RANKED else self._many(given)

    def _ranked(self, given: list[Json], node: Json) -> tuple[Expr, ...]:
        """The value, and the keys that its row is chosen by: one, or those of a row of them."""
        row = row_of(given[1]) if len(given) == _ORDERED_ARGS else None
        if row is None:
            if len(given) > _ORDERED_ARGS:
                self._refuse("sql-arity", node, text=str(node["function_name"]))
            return self._many(given)
        value, parts = self.read(given[0]), self._many(row)
        keys = keys_of(value, parts)
        if given[1].get("class") == "CASE" and not self._is_there(given[1], keys):
            self._refuse("sql-construct", given[1])
        return (value, *keys)

    def _is_there(self, case: Json, keys: tuple[Expr, ...]) -> bool:
        condition = self.read(case["case_checks"][0]["when_expr"])
        there = Call("not", (Call("is_null", keys[:1]),))
        return condition == there and self.read(case["else_expr"]) == NULL

    def _call(self, found: functions.Function, args: tuple[Expr, ...], node: Json) -> Expr:
        keys = self.orders(node.get("order_bys", {}).get("orders", []))
        if keys:
            args = self._within_group(found, args, keys) or args
            if found.name not in _ORDERED or len(args) != _ORDERED_ARGS:
                return self._refuse("sql-aggregate-form", node)
        if not found.least <= len(args) <= found.most:
            return self._refuse("sql-arity", node, text=found.name)
        where = self.read(node["filter"]) if "filter" in node else None
        distinct = bool(node.get("distinct", False))
        if (distinct and found.name != "count") or (
            where is not None and not functions.is_aggregate(found.name)
        ):
            return self._refuse("sql-aggregate-form", node)
        return self._tidy(Call(found.name, args, distinct, where, at=at(node)))

    def _within_group(
        self, found: functions.Function, args: tuple[Expr, ...], keys: tuple[Order, ...]
    ) -> tuple[Expr, ...] | None:
        """`percentile_cont(0.5) WITHIN GROUP (ORDER BY x)` says `quantile_cont(x, 0.5)`; only that way up."""
        if found.name not in _ORDERED or len(keys) != 1 or keys[0].descending or keys[0].nulls != "default":
            return ()
        if len(args) == 1:
            return (keys[0].key, args[0])
        return args if args[0] == keys[0].key else ()

    def _tidy(self, call: Call) -> Expr:
        """One spelling for what can be written in several ways."""
        if call.name in functions.TAKES_UNIT:
            return self._with_unit(call)
        if call.name == "list_contains" or (call.name == "contains" and isinstance(call.args[0], Parameter)):
            return self._in_list(call)
        if call.name in {"+", "-"} and len(call.args) == 1:
            return _signed(call)
        if call.name in {"bool_and", "bool_or"} and not _is_boolean_cast(call.args[0]):
            return _replace_args(call, (Cast(call.args[0], "BOOLEAN", at=call.at),))
        if call.name.startswith("to_"):
            return _replace_args(call, (_interval_amount(call.args[0]),))
        return call

    def _in_list(self, call: Call) -> Expr:
        if not isinstance(call.args[0], Parameter):
            self._refusals.add(
                "sql-construct", call.at, fix="The list must be a parameter: list_contains($codes, x)."
            )
        return Call("list_contains", call.args, at=call.at)

    def _with_unit(self, call: Call) -> Expr:
        unit = call.args[0]
        written = unit.text.lower().rstrip("s") if isinstance(unit, Constant) and unit.kind == "text" else ""
        plain = functions.UNIT_ALIASES.get(written, written)
        if plain not in functions.UNITS:
            self._refusals.add("sql-unit", call.at, text=written or call.name, among=functions.UNITS)
        return _replace_args(call, (Constant("text", plain, at=unit.at), *call.args[1:]))

    def _window(self, node: Json) -> Expr:
        self.only(node, "function_name", "qualified_name", "arguments", "partitions", "orders", "start", "end", "start_expr",
                  "end_expr", "ignore_nulls", "has_ignore_nulls", "filter_expr", "distinct", "schema", "catalog")  # fmt: skip
        call = self._window_call(node)
        if call is None:
            return NULL
        frame = self._frame(node)
        partition = self._many(node.get("partitions", []))
        order = self.orders(node.get("orders", []))
        return Window(call, partition, order, frame, bool(node.get("ignore_nulls", False)), at=at(node))

    def _window_call(self, node: Json) -> Call | None:
        written = str(node.get("function_name", ""))
        found = functions.find(written)
        if node.get("qualified_name", {}).get("path", [written]) != [written] or node.get("schema"):
            self._refuse("sql-function-schema", node)
        elif found is None or found.kind not in {functions.Kind.WINDOW, functions.Kind.AGGREGATE}:
            self._unknown_function(written, node)
        else:
            return self._checked_window_call(found, node)
        return None

    def _checked_window_call(self, found: functions.Function, node: Json) -> Call:
        args = self._arguments(node)
        found = functions.FUNCTIONS["count_star"] if found.name == "count" and not args else found
        if not found.least <= len(args) <= found.most:
            self._refuse("sql-arity", node, text=found.name)
        if node.get("distinct"):
            self._refuse("sql-aggregate-form", node)
        where = self.read(node["filter_expr"]) if "filter_expr" in node else None
        if found.name in {"bool_and", "bool_or"} and args and not _is_boolean_cast(args[0]):
            args = (Cast(args[0], "BOOLEAN", at=at(node)),)
        return Call(found.name, args, where=where, at=at(node))

    def _frame(self, node: Json) -> Frame:
        start = _FRAME_BOUND.match(str(node.get("start", "UNBOUNDED_PRECEDING")))
        end = _FRAME_BOUND.match(str(node.get("end", "CURRENT_ROW_RANGE")))
        if start is None or end is None:
            self._refuse("sql-construct", node, fix="Use a ROWS or RANGE frame.")
            return Frame("range", ("UNBOUNDED_PRECEDING", None), ("CURRENT_ROW", None))
        units = {match.group(2) for match in (start, end)} - {None}
        offsets = [self.read(node[key]) if key in node else None for key in ("start_expr", "end_expr")]
        unit = "rows" if units == {"ROWS"} else "range"
        return Frame(unit, (start.group(1), offsets[0]), (end.group(1), offsets[1]))  # type: ignore[arg-type]


_PLACES = {
    functions.Kind.TABLE: "It makes rows: use it in FROM, with constants.",
    functions.Kind.WINDOW: "It needs OVER (PARTITION BY patient_id ORDER BY ...).",
}
_ORDERED = frozenset({"quantile_cont", "quantile_disc"})
_ORDERED_ARGS = 2


def at(node: Json) -> int:
    """Where a node is in the text, as a byte offset (0 where the parser does not say)."""
    place = node.get("query_location", 0)
    return place if isinstance(place, int) else 0


def negation(value: Expr, place: int = 0) -> Expr:
    """NOT value; a double NOT is kept, because NULL makes it no mirror of itself for a reader."""
    return Call("not", (value,), at=place or getattr(value, "at", 0))


def _plain_text(kind: str, text: str) -> str:
    return {"BOOLEAN": text.upper(), "NULL_LITERAL": "NULL"}.get(kind, text)


def _flat(name: str | None, parts: tuple[Expr, ...]) -> tuple[Expr, ...]:
    nested = ((p.args if isinstance(p, Call) and p.name == name else (p,)) for p in parts)
    return tuple(each for group in nested for each in group)


def _replace_args(call: Call, args: tuple[Expr, ...]) -> Call:
    return Call(call.name, args, call.distinct, call.where, at=call.at)


def _signed(call: Call) -> Expr:
    """A sign before a value: plus says nothing, minus before a number is part of it."""
    value = call.args[0]
    if call.name == "-" and isinstance(value, Constant) and _is_positive_number(value):
        return Constant(value.kind, "-" + value.text, at=call.at)
    return call if call.name == "-" else value


def _is_boolean_cast(expr: Expr) -> bool:
    return isinstance(expr, Cast) and expr.type == "BOOLEAN"


def _is_positive_number(expr: Expr) -> bool:
    return (
        isinstance(expr, Constant) and expr.kind in {"integer", "decimal"} and not expr.text.startswith("-")
    )


def _interval_amount(expr: Expr) -> Expr:
    """INTERVAL n MONTH arrives as to_months(CAST(trunc(CAST(n AS DOUBLE)) AS INTEGER)); this gives n."""
    match expr:
        case Cast(Call("trunc", (Cast(inner, "DOUBLE"),)), "INTEGER" | "BIGINT") | Cast(inner, "DOUBLE"):
            return _whole(inner)
        case _:
            return expr


def _whole(expr: Expr) -> Expr:
    if isinstance(expr, Constant) and expr.kind == "text" and _INTEGER.match(expr.text.strip()):
        return Constant("integer", str(int(expr.text)), at=expr.at)
    return expr
