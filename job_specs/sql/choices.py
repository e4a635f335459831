"""What is chosen in a number: the ways in which one person's value could stand out among constants [P10].

`avg(CASE WHEN <one person> THEN 2 ELSE 1 END)` weighs everybody and tells of one, and so does `sum(2 - flag)`. So everything
that a value can be is a group of people of its own, and a value is weighed from what it is where nothing was measured.
Refuses to call a number judgeable whose choices can not be counted where it is summed: those made in a step before, by a
join with constants, in text, or twice over in one expression. Dates may be capped and completed: follow-up ends somewhere.
"""

from collections.abc import Iterator

from job_specs.sql import functions
from job_specs.sql.facts import Chosen, Source, Traces
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
    walk,
)

ZERO, _ONE = Constant("integer", "0"), Constant("integer", "1")
_SHIFTING = frozenset({"+", "-", "greatest", "least"})
_ARITHMETIC = _SHIFTING | {"*", "/", "//", "%", "**"}
_OF_ONE = frozenset({"abs", "round", "floor", "ceil", "trunc", "sqrt", "exp", "nullif"})
_NUMERIC = _ARITHMETIC | _OF_ONE | {"coalesce"}
_NUMBERS = frozenset({"integer", "decimal"})
_INSCRUTABLE = frozenset(
    {"||", "concat", "concat_ws", "length", "substring", "left", "right", "replace", "split_part", "regexp_replace",
     "regexp_extract", "strftime", "try_strptime", "sign"}
)  # fmt: skip
"""What can turn one person's value into another number without any condition being seen."""
_LOGARITHMS = frozenset({"ln", "log2", "log10"})
_DATES_MADE = frozenset(
    {"make_date", "to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds"}
)
_CONDITIONS = frozenset(
    {"=", "<>", "<", ">", "<=", ">=", "is_not_distinct", "and", "or", "not", "is_null", "in", "between", "~~", "~~*",
     "list_contains", "contains", "starts_with", "ends_with", "regexp_matches", "regexp_full_match", "isnan"}
)  # fmt: skip


def is_condition(expr: Expr) -> bool:
    """Whether a value is true or false by its text."""
    match expr:
        case Call("coalesce", (condition, Constant("boolean"))):
            return is_condition(condition)
        case Call(name):
            return name in _CONDITIONS
        case Cast(_, "BOOLEAN") | Exists() | Among():
            return True
        case _:
            return False


def indicator(expr: Expr) -> Expr | None:
    """The condition, where an expression is 1 when it holds and otherwise 0 (or NULL)."""
    match expr:
        case Case(((when, then),), otherwise) if _is_number(then, "1") and _is_nothing(otherwise):
            return when
        case Cast(value, "INTEGER" | "BIGINT" | "TINYINT" | "SMALLINT" | "DOUBLE") if is_condition(value):
            return value
        case _:
            return expr if is_condition(expr) else None


def alternatives(
    value: Expr, *, given: tuple[Expr, ...] = (), dates: bool = False
) -> Iterator[tuple[Expr, ...]]:
    """The conditions under which a value comes about in each of its ways, nought and nothing among them.

    That a gap is filled with nought is no way of its own: who weighs nothing is counted apart.
    """
    ways = list(_ways(value))
    if len(ways) == 1 or (
        _is_call(value, "coalesce") and (dates or all(map(_is_nothing, _inside(value)[1:])))
    ):
        for part in _inside(value):
            yield from alternatives(part, given=given, dates=dates or not _is_numeric(value))
        return
    measured = tuple(then for _, then in ways if not _is_nothing(then))
    for conditions, then in ways:
        if not _is_nothing(then) or not all(is_of_its_own(each, *measured) for each in conditions):
            yield (*given, *conditions)
        yield from alternatives(then, given=(*given, *conditions), dates=dates)


def is_of_its_own(condition: Expr, *values: Expr) -> bool:
    """Whether a condition on a value is about that value alone: such as leave a gap, or a range, out choose nobody."""
    columns = {part for value in values for part in walk(value) if isinstance(part, Column)}
    return {part for part in walk(condition) if isinstance(part, Column)} <= columns


def baseline(value: Expr) -> Expr:
    """What a value is where everything measured in it is zero: what weighs nothing in it."""
    return _at_zero(value) if _is_shifted(value) else ZERO


def is_judgeable(value: Expr, source: Source, traces: Traces, *, ranked: bool) -> bool:
    """Whether the people behind each way of a summed (or `ranked`) value can be counted where it stands."""
    if chosen(value, source, traces, here=True) is not Chosen.NOWHERE or _chooses_twice(value):
        return False
    return not ranked or not (_sorts_people(value) or any(indicator(part) for part in _values(value)))


def chosen(value: Expr, source: Source, traces: Traces, *, here: bool = False) -> Chosen:
    """Whether a number was chosen where a later step can not count the ways; `here`, what was chosen before this one."""
    if indicator(value) is not None:
        return Chosen.NOWHERE
    return max(_chosen(part, among, source, traces, here=here) for part, among in _placed(value))


def _chosen(part: Expr, dates: bool, source: Source, traces: Traces, *, here: bool) -> Chosen:  # noqa: FBT001
    match part:
        case Column() | Single():
            found = Chosen.NOWHERE if part in source.keys else _before(part, traces)
        case Call(name) if name in _INSCRUTABLE:
            found = Chosen.ANYWHERE
        case Call(name, args) if _is_made_up(name, args):
            found = Chosen.ANYWHERE
        case Call("+" | "-" | "greatest" | "least", args) if any(isinstance(arg, Parameter) for arg in args):
            found = Chosen.AMONG_DATES
        case Window(Call(_, (_, _, default))) if not _is_nothing(default):
            found = Chosen.ANYWHERE
        case _:
            found = Chosen.NOWHERE if here else _choice(part)
    return Chosen.NOWHERE if dates and found is Chosen.AMONG_DATES else found


def _is_made_up(name: str, args: tuple[Expr, ...]) -> bool:
    """Whether dates are made of numbers, or a number of its logarithm or power, so that no constant can be seen in it."""
    if name in _DATES_MADE:
        return not all(isinstance(arg, Constant | Parameter) for arg in args)
    if name == "**":
        return not _is_given_number(args[1])
    return name in _LOGARITHMS and any(_moves(part) or _is_choice(part) for part in _values(args[0]))


def _before(part: Column | Single, traces: Traces) -> Chosen:
    if isinstance(part, Single):
        return traces.queries[id(part.query)].columns[0].chosen
    return traces.column(part).chosen


def _choice(part: Expr) -> Chosen:
    """Whether an expression, itself, is one of several things, or moved away from zero."""
    if indicator(part) is not None:
        return Chosen.NOWHERE
    if isinstance(part, Case):
        several = sum(not _is_nothing(then) for _, then in _ways(part)) > 1
        return Chosen.ANYWHERE if several else Chosen.NOWHERE
    if isinstance(part, Call) and part.name in _SHIFTING and any(map(_is_choice, part.args)):
        return Chosen.ANYWHERE
    if isinstance(part, Call) and part.name == "coalesce":
        return Chosen.AMONG_DATES if sum(not _is_nothing(arg) for arg in part.args) > 1 else Chosen.NOWHERE
    return Chosen.AMONG_DATES if _moves(part) else Chosen.NOWHERE


def _is_choice(value: Expr) -> bool:
    return any(len(list(_ways(part))) > 1 for part in _values(value) if not _is_call(part, "coalesce"))


def _ways(value: Expr) -> Iterator[tuple[tuple[Expr, ...], Expr]]:
    """Each way in which a value comes about: the conditions for it, and what it is then."""
    before: tuple[Expr, ...] = ()
    condition = indicator(value)
    match value:
        case _ if condition is not None:
            yield (condition,), _ONE
            yield (_not_true(condition),), ZERO
        case Case():
            for when, then in value.whens:
                yield (*before, when), then
                before = (*before, _not_true(when))
            yield before, value.otherwise
        case Call("coalesce", args) if len(args) > 1:
            for arg in args:
                yield (*before, _present(arg)), arg
                before = (*before, Call("is_null", (arg,)))
        case _:
            yield (), value


def _inside(value: Expr) -> tuple[Expr, ...]:
    """What a value is computed from, where it is not chosen."""
    match value:
        case Cast(inner):
            return (inner,)
        case Call(name, args) if name in {"arg_max", "arg_min"}:
            return args[:1]
        case Call(_, args):
            return args
        case Window(call):
            return call.args
        case _:
            return ()


def _is_numeric(value: Expr) -> bool:
    return isinstance(value, Cast) or (
        isinstance(value, Call) and (value.name in _NUMERIC or functions.is_aggregate(value.name))
    )


def _placed(value: Expr, *, dates: bool = False) -> Iterator[tuple[Expr, bool]]:
    """A value and the values it is computed from, conditions left out; each with whether it stands among dates."""
    yield value, dates
    ways = list(_ways(value))
    if indicator(value) is not None:
        return
    among = dates or not (_is_numeric(value) or isinstance(value, Case | Window))
    for part in [then for _, then in ways] if len(ways) > 1 else _inside(value):
        yield from _placed(part, dates=among)


def _values(value: Expr) -> Iterator[Expr]:
    return (part for part, _ in _placed(value))


def _moves(value: Expr) -> bool:
    """Whether an operator moves what it is given away from zero."""
    match value:
        case Call("exp"):
            return True
        case Call(name, args) if name in _SHIFTING and len(args) > 1:
            return any(_is_given_number(arg) for arg in args)
        case _:
            return False


def _is_shifted(value: Expr) -> bool:
    return _moves(value) or (_is_numeric(value) and any(map(_is_shifted, _inside(value))))


def _at_zero(value: Expr) -> Expr:
    match value:
        case Constant(kind) if kind in _NUMBERS:
            return value
        case Cast(inner, "INTEGER" | "BIGINT" | "DOUBLE") if not is_condition(inner):
            return Cast(_at_zero(inner), value.type)
        case Call("/" | "//" | "%" | "**", (over, under)):
            return Call(value.name, (_at_zero(over), under)) if _is_given_number(under) else ZERO
        case Call("coalesce" | "nullif", (first, *_)):
            return _at_zero(first)
        case Call(name, args) if name in _NUMERIC:
            return Call(name, tuple(map(_at_zero, args)))
        case _:
            return ZERO


def _chooses_twice(value: Expr) -> bool:
    """Whether parts of one computation are chosen apart, so that no condition of either says what it is."""
    for part in _values(value):
        if isinstance(part, Call) and part.name in _ARITHMETIC:
            if sum(map(_is_choice, part.args)) > 1:
                return True
            if part.name in {"//", "%"} and not _is_given_number(_without_nullif(part.args[1])):
                return True
    return False


def _sorts_people(value: Expr) -> bool:
    """Whether measures are put together with constants: people sorted by one of them can show another."""
    mixed = [part for part in _values(value) if _is_mixture(part)]
    return any(not _is_pure(part) for part in mixed)


def _is_mixture(part: Expr) -> bool:
    if not isinstance(part, Call) or part.name not in _ARITHMETIC:
        return False
    return sum(any(isinstance(v, Column | Single) for v in _values(arg)) for arg in part.args) > 1


def _is_pure(value: Expr) -> bool:
    """Columns, added and multiplied with nothing beside them; a column by itself may be scaled."""
    match value:
        case Column() | Single():
            return True
        case Cast(inner):
            return _is_pure(inner)
        case Call("*" | "/", (Column(), other)) | Call("*", (other, Column())) if _is_given_number(other):
            return True
        case Call("+" | "-" | "*" | "/", args):
            return all(map(_is_pure, args))
        case _:
            return False


def _is_given_number(expr: Expr) -> bool:
    match expr:
        case Constant(kind):
            return kind in _NUMBERS and not _is_nothing(expr)
        case Call("-", (only,)) | Cast(only):
            return _is_given_number(only)
        case _:
            return False


def _without_nullif(value: Expr) -> Expr:
    return value.args[0] if isinstance(value, Call) and value.name == "nullif" else value


def _is_call(value: Expr, name: str) -> bool:
    return isinstance(value, Call) and value.name == name


def _is_number(expr: Expr, text: str) -> bool:
    return isinstance(expr, Constant) and expr.kind in _NUMBERS and expr.text in {text, f"{text}.0"}


def _is_null(expr: Expr) -> bool:
    return isinstance(expr, Constant) and expr.kind == "null"


def _is_nothing(expr: Expr) -> bool:
    """Nought, or NULL."""
    return _is_null(expr) or (isinstance(expr, Constant) and expr.kind in _NUMBERS and float(expr.text) == 0)


def _present(value: Expr) -> Expr:
    return Call("not", (Call("is_null", (value,)),))


def _not_true(condition: Expr) -> Expr:
    return Call("not", (Call("coalesce", (condition, Constant("boolean", "FALSE"))),))
