"""What kind of number a column of a result is, and whose rows it speaks of.

The classes are those of `OutputColumn.role`. It refuses to be hopeful: arithmetic it does not know makes `other`, and
anything that holds a single person's value makes `extreme`, whatever is done to it afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from job_specs.sql import functions
from job_specs.sql.choices import indicator, is_judgeable
from job_specs.sql.facts import Level, Source, Traces
from job_specs.sql.ir import (
    Among,
    Call,
    Case,
    Cast,
    Column,
    Constant,
    Exists,
    Expr,
    Parameter,
    Single,
    Window,
    children,
    walk,
)
from job_specs.sql.model import Role

_EXTREMES = frozenset({"min", "max", "arg_max", "arg_min", "bool_and", "bool_or"})
_LOWEST_POSITION = 0.01
_POSITIONS = frozenset({"median", "quantile_cont", "quantile_disc"})
COUNTS = frozenset({"count_people", "count_rows"})
_SUMMABLE = frozenset({"count_people", "count_rows", "sum", "ratio", "mean"})
_SAME_KIND = frozenset({"round", "floor", "ceil", "trunc", "coalesce", "nullif"})


@dataclass(frozen=True)
class Leaf:
    """One measured part of an expression: an aggregate, or a column of a relation whose rows are groups."""

    expr: Expr
    role: Role


def role_of(expr: Expr, source: Source, traces: Traces) -> Role:
    """The class of an output expression."""
    role, exact = _role(expr, source, traces)
    return role if exact or role not in COUNTS else "other"


def leaves(expr: Expr, source: Source, traces: Traces) -> Iterator[Leaf]:
    """The measured parts of an expression."""
    leaf = _leaf(expr, source, traces)
    if leaf is not None:
        yield leaf
        return
    for child in children(expr):
        yield from leaves(child, source, traces)


def counted(expr: Expr, traces: Traces) -> tuple[Expr, Expr | None] | None:
    """For count(DISTINCT x): the patient identifier that is counted and the condition on it, if it is one."""
    match expr:
        case Column() if traces.column(expr).patient:
            return expr, None
        case Case(((when, Column() as then),), Constant("null")) if traces.column(then).patient:
            return then, when
        case _:
            return None


def _leaf(expr: Expr, source: Source, traces: Traces) -> Leaf | None:
    if isinstance(expr, Call) and functions.is_aggregate(expr.name):
        return Leaf(expr, _aggregate_role(expr, source, traces))
    if isinstance(expr, Column) and expr.source in source.aliases and source.level is Level.MANY:
        trace = traces.column(expr)
        return Leaf(expr, trace.role) if trace.role != "dimension" else None
    if isinstance(expr, Window | Single | Exists | Among):
        return Leaf(expr, "other")
    return None


def _aggregate_role(call: Call, source: Source, traces: Traces) -> Role:
    if call.name in {"count_star", "count", "count_if"}:
        return _count_role(call, source, traces) if call.distinct else _rows(call, source, traces)
    if call.name in {"sum", "avg"}:
        if not any(isinstance(part, Column) for part in walk(call.args[0])):
            return "other"
        if indicator(call.args[0]) is None:
            kind: Role = "sum" if call.name == "sum" else "mean"
            return kind if is_judgeable(call.args[0], source, traces, ranked=False) else "other"
        return "ratio" if call.name == "avg" else _rows(call, source, traces)
    if call.name in _EXTREMES or (call.name in _POSITIONS and not _is_central(call)):
        return "extreme"
    ranked = call.name in _POSITIONS and is_judgeable(call.args[0], source, traces, ranked=True)
    return "percentile" if ranked else "other"


def _is_central(call: Call) -> bool:
    """A position far enough from both ends that it is not an end itself; how many people are there is checked later."""
    match call.args:
        case (_, Constant("decimal" | "integer", text)):
            return _LOWEST_POSITION <= float(text) <= 1 - _LOWEST_POSITION
        case (_,):
            return True
        case _:
            return False


def _count_role(call: Call, source: Source, traces: Traces) -> Role:
    found = counted(call.args[0], traces)
    people = found is not None and source.level is Level.ONE
    return "count_people" if people else _rows(call, source, traces, people=False)


def _rows(call: Call, source: Source, traces: Traces, *, people: bool = True) -> Role:
    """A count of rows: of people, of records of people, or of neither.

    Rows that a query makes of its own (a record five times over, rows of nobody) would let its author choose what a count is
    rounded by: five for each person, rounded to fives, is exact. What they count is for a person to say.
    """
    if people and source.unique and not source.nullable:
        return "count_people"
    records = source.level is Level.ONE and source.records
    return "count_rows" if records and (not source.nullable or _is_of_people(call, traces)) else "other"


def _is_of_people(call: Call, traces: Traces) -> bool:
    """Whether it counts a column that is empty in the rows of nobody."""
    match call.args:
        case (Column() as column, *_):
            return traces.by_alias[column.source or ""].level is Level.ONE
        case _:
            return False


def _role(expr: Expr, source: Source, traces: Traces) -> tuple[Role, bool]:
    leaf = _leaf(expr, source, traces)
    if leaf is not None:
        return leaf.role, True
    inside = [each.role for each in leaves(expr, source, traces)]
    if not inside:
        return "dimension", True
    if "extreme" in inside:
        return "extreme", True
    if not all(role in _SUMMABLE or role == "percentile" for role in inside):
        return "other", True
    return _combined(expr, source, traces)


def _combined(expr: Expr, source: Source, traces: Traces) -> tuple[Role, bool]:
    match expr:
        case Cast(value):
            return _role(value, source, traces)
        case Call(name, (first, *rest)) if name in _SAME_KIND and all(_is_given(arg) for arg in rest):
            return _role(first, source, traces)
        case Call("/" | "//", (over, under)):
            return _quotient(over, under, source, traces)
        case Call("*", (left, right)) if _is_given(left) or _is_given(right):
            return _role(right if _is_given(left) else left, source, traces)[0], False
        case Call("+", (left, right)):
            both = {_role(left, source, traces), _role(right, source, traces)}
            return (
                ("count_rows", True)
                if both <= {("count_people", True), ("count_rows", True)}
                else ("other", True)
            )
        case _:
            return "other", True


def _quotient(over: Expr, under: Expr, source: Source, traces: Traces) -> tuple[Role, bool]:
    top, bottom = _role(over, source, traces)[0], _role(under, source, traces)[0]
    if _is_given(under):
        return top, False
    if top in _SUMMABLE and bottom in _SUMMABLE:
        return "ratio", True
    return "other", True


def _is_given(expr: Expr) -> bool:
    match expr:
        case Constant() | Parameter():
            return True
        case Cast(value) | Call("nullif", (value, Constant())):
            return _is_given(value)
        case _:
            return False
