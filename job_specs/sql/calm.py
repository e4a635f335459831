"""What would fail on some value, written so that it gives NULL there: an error is a message from a row [P1].

A cast that cannot be made, and a whole-number division by zero, would stop the query exactly where somebody's value asks
for it; whether a job failed is known outside. It refuses nothing: the text that is run is ours, and says TRY_CAST.
"""

from typing import Any

from job_specs.sql.ir import Call, Cast, Column, Constant, Expr, Query, rewrite, walk

_ZERO = Constant("integer", "0")


def calmed(query: Query) -> Query:
    """The same query, in which no value of a row can raise an error by being cast or divided by."""
    return rewrite(query, _calm)


def _calm(node: Any) -> Any | None:
    match node:
        case Cast(value, kind) if _varies(value):
            return Cast(rewrite(value, _calm), kind, lenient=True, at=node.at)
        case Call("//" | "%", (over, under)) if not _is_never_zero(under):
            args = (rewrite(over, _calm), Call("nullif", (rewrite(under, _calm), _ZERO), at=node.at))
            return Call(node.name, args, at=node.at)
        case _:
            return None


def _varies(value: Expr) -> bool:
    return any(isinstance(each, Column) for each in walk(value))


def _is_never_zero(expr: Expr) -> bool:
    match expr:
        case Constant("integer" | "decimal", text):
            return float(text) != 0
        case Call("nullif", (_, zero)):
            return zero == _ZERO
        case _:
            return False
