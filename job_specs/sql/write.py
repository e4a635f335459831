"""Our nouns -> DuckDB SQL, in one canonical spelling.

Every name is quoted, every operation bracketed, every text escaped, so that what is written can be read in only one
way. Nothing of the researcher's text is copied: it refuses (by having no branch) to write what has no noun.
"""

from collections.abc import Callable, Mapping

from job_specs.sql.ir import (
    Among,
    Call,
    Case,
    Cast,
    Column,
    Constant,
    Cte,
    Derived,
    Exists,
    Expr,
    Frame,
    Grouping,
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
)
from job_specs.sql.ranking import RANKED, ranked_by

_INFIX = {
    "+": "+", "-": "-", "*": "*", "/": "/", "//": "//", "%": "%", "||": "||", "=": "=", "<>": "<>", "<": "<", ">": ">",
    "<=": "<=", ">=": ">=", "and": "AND", "or": "OR", "is_not_distinct": "IS NOT DISTINCT FROM", "~~": "LIKE",
    "~~*": "ILIKE",
    "<<": "<<",
}  # fmt: skip
_SPELLED = {"**": "power"}
_JOINS = {
    "inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN", "cross": "CROSS JOIN",
    "semi": "SEMI JOIN", "anti": "ANTI JOIN",
}  # fmt: skip
_DEFAULT_FRAME = Frame("range", ("UNBOUNDED_PRECEDING", None), ("CURRENT_ROW", None))


def write(query: Query) -> str:
    """The canonical text of a query."""
    body = _select(query) if isinstance(query, Select) else _set_operation(query)
    return _with(query.ctes) + body + _ordering(query)


def write_expr(expr: Expr) -> str:
    """The canonical text of an expression."""
    return _WRITERS[type(expr)](expr)


def quoted(name: str) -> str:
    """An identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def _with(ctes: tuple[Cte, ...]) -> str:
    if not ctes:
        return ""
    return (
        "WITH "
        + ", ".join(f"{quoted(cte.name)}{_columns(cte.columns)} AS ({write(cte.query)})" for cte in ctes)
        + " "
    )


def _select(query: Select) -> str:
    distinct = "DISTINCT " if query.distinct else ""
    if query.distinct_on:
        distinct = f"DISTINCT ON ({_list(query.distinct_on)}) "
    items = ", ".join(
        f"{write_expr(i.value)} AS {quoted(i.name)}" if i.name else write_expr(i.value) for i in query.items
    )
    source = f" FROM {_relation(query.source)}" if query.source else ""
    clauses = (("WHERE", query.where), ("HAVING", query.having), ("QUALIFY", query.qualify))
    where, having, qualify = (f" {word} {write_expr(expr)}" if expr else "" for word, expr in clauses)
    return f"SELECT {distinct}{items}{source}{where}{_grouping(query.group)}{having}{qualify}"


def _set_operation(query: SetOp) -> str:
    word = query.kind.upper() + (" ALL" if query.all else "")
    return f"({write(query.left)}) {word} ({write(query.right)})"


def _ordering(query: Query) -> str:
    order = " ORDER BY " + ", ".join(_order(each) for each in query.order) if query.order else ""
    limit = f" LIMIT {write_expr(query.limit)}" if query.limit else ""
    return order + limit + (f" OFFSET {write_expr(query.offset)}" if query.offset else "")


def _order(order: Order) -> str:
    nulls = {"first": " NULLS FIRST", "last": " NULLS LAST"}.get(order.nulls, "")
    return write_expr(order.key) + (" DESC" if order.descending else "") + nulls


def _grouping(group: Grouping | None) -> str:
    if group is None:
        return ""
    if group.every:
        return " GROUP BY ALL"
    if group.sets == (tuple(range(len(group.keys))),):
        return f" GROUP BY {_list(group.keys)}"
    sets = ", ".join(f"({_list(tuple(group.keys[i] for i in one))})" for one in group.sets)
    return f" GROUP BY GROUPING SETS ({sets})"


def _relation(relation: Relation) -> str:
    match relation:
        case Named():
            return f"{quoted(relation.name)} AS {quoted(relation.alias)}{_columns(relation.columns)}"
        case Derived():
            return f"({write(relation.query)}) AS {quoted(relation.alias)}{_columns(relation.columns)}"
        case Rows():
            rows = ", ".join(f"({_list(row)})" for row in relation.rows)
            return f"(VALUES {rows}) AS {quoted(relation.alias)}{_columns(relation.columns)}"
        case Series():
            call = f"{relation.function}({_list(relation.args)})"
            return f"{call} AS {quoted(relation.alias)}{_columns(relation.columns)}"
        case Join():
            return _join(relation)


def _join(join: Join) -> str:
    on = f" ON {write_expr(join.on)}" if join.on else ""
    using = f" USING{_columns(join.using)}" if join.using else ""
    return f"{_side(join.left, left=True)} {_JOINS[join.kind]} {_side(join.right, left=False)}{on}{using}"


def _side(relation: Relation, *, left: bool) -> str:
    text = _relation(relation)
    return f"({text})" if isinstance(relation, Join) and not left else text


def _columns(names: tuple[str, ...]) -> str:
    return f"({', '.join(quoted(name) for name in names)})" if names else ""


def _list(exprs: tuple[Expr, ...]) -> str:
    return ", ".join(write_expr(expr) for expr in exprs)


def _column(expr: Column) -> str:
    return f"{quoted(expr.source)}.{quoted(expr.name)}" if expr.source else quoted(expr.name)


def _constant(expr: Constant) -> str:
    return "'" + expr.text.replace("'", "''") + "'" if expr.kind == "text" else expr.text


def _call(expr: Call) -> str:
    where = f" FILTER (WHERE {write_expr(expr.where)})" if expr.where else ""
    special = _special(expr)
    if special is not None:
        return special + where
    distinct = "DISTINCT " if expr.distinct else ""
    return f"{_SPELLED.get(expr.name, expr.name)}({distinct}{_arguments(expr)}){where}"


def _arguments(call: Call) -> str:
    if call.name in RANKED:
        value, *keys = call.args
        return _list((value, ranked_by(value, tuple(keys))))
    return _list(call.args)


def _special(expr: Call) -> str | None:
    """Operators; None for what is written as a function."""
    args = [write_expr(arg) for arg in expr.args]
    match expr.name, args:
        case "count_star", _:
            return "count(*)"
        case (("not" | "is_null" | "-" | "+") as name, [only]):
            return {"not": f"(NOT {only})", "is_null": f"({only} IS NULL)"}.get(name, f"({name} ({only}))")
        case ("in", [value, *rest]):
            return f"({value} IN ({', '.join(rest)}))"
        case ("between", [value, low, high]):
            return f"({value} BETWEEN {low} AND {high})"
        case name, _:
            return "(" + f" {_INFIX[name]} ".join(args) + ")" if name in _INFIX else None


def _case(expr: Case) -> str:
    whens = " ".join(f"WHEN {write_expr(when)} THEN {write_expr(then)}" for when, then in expr.whens)
    return f"CASE {whens} ELSE {write_expr(expr.otherwise)} END"


def _cast(expr: Cast) -> str:
    return f"{'TRY_CAST' if expr.lenient else 'CAST'}({write_expr(expr.value)} AS {expr.type})"


def _window(expr: Window) -> str:
    call = expr.call
    nulls = " IGNORE NULLS" if expr.ignore_nulls else ""
    inner = "*" if call.name == "count_star" else _arguments(call) + nulls
    where = f" FILTER (WHERE {write_expr(call.where)})" if call.where else ""
    name = "count" if call.name == "count_star" else call.name
    return f"{name}({inner}){where} OVER ({_over(expr)})"


def _over(expr: Window) -> str:
    parts = []
    if expr.partition:
        parts.append(f"PARTITION BY {_list(expr.partition)}")
    if expr.order:
        parts.append("ORDER BY " + ", ".join(_order(each) for each in expr.order))
    if expr.frame != _DEFAULT_FRAME:
        start, end = _bound(expr.frame.start), _bound(expr.frame.end)
        parts.append(f"{expr.frame.unit.upper()} BETWEEN {start} AND {end}")
    return " ".join(parts)


def _bound(bound: tuple[str, Expr | None]) -> str:
    kind, offset = bound
    words = kind.removeprefix("EXPR_").replace("_", " ")
    return f"{write_expr(offset)} {words}" if offset else words


_WRITERS: Mapping[type, Callable[..., str]] = {
    Column: _column,
    Constant: _constant,
    Parameter: lambda expr: f"${expr.name}",
    Call: _call,
    Case: _case,
    Cast: _cast,
    Window: _window,
    Exists: lambda expr: f"EXISTS ({write(expr.query)})",
    Among: lambda expr: f"({write_expr(expr.value)} IN ({write(expr.query)}))",
    Single: lambda expr: f"({write(expr.query)})",
}
