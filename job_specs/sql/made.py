"""Labels that a query makes itself, by a condition: which there can be is in its text, whoever is in them.

`CASE WHEN <one person> AND <a secret> THEN 'a' ELSE 'b' END` makes a group of one person or of nobody. Beside a total, what
has to be hidden tells which. So whoever judges the result must know which groups there could have been. Refuses to say so
of labels that a condition chooses between columns: of those it is not sure.
"""

from collections.abc import Iterable

from job_specs.sql.choices import is_condition
from job_specs.sql.facts import Traces
from job_specs.sql.ir import Call, Case, Cast, Column, Constant, Expr, walk
from job_specs.sql.model import Labels

_TRUTHS = frozenset({"true", "false"})
_WHOLE = frozenset({"INTEGER", "BIGINT", "TINYINT", "SMALLINT"})
NOTHING_MADE = Labels()


def made_of(expr: Expr, traces: Traces) -> Labels:
    """The labels that conditions in an expression can give."""
    match expr:
        case Column():
            found = traces.column(expr).made
        case Constant(kind, text):
            found = NOTHING_MADE if kind == "null" else Labels(frozenset({text}))
        case Case():
            found = _either([*(then for _, then in expr.whens), expr.otherwise], traces)
        case Call("coalesce", args):
            found = _either(args, traces)
        case Cast(inner, "VARCHAR"):
            found = made_of(inner, traces)
        case _:
            found = _of_truths(expr, traces)
    return found


def labels_in(values: Iterable[Expr]) -> Labels:
    """The labels that a list of constants can give."""
    return Labels(
        frozenset(each.text for each in values if isinstance(each, Constant) and each.kind != "null")
    )


def _of_truths(expr: Expr, traces: Traces) -> Labels:
    """Of a condition both its answers; of anything else that is made of one, nobody is sure."""
    if is_condition(expr) or (isinstance(expr, Cast) and expr.type in _WHOLE and is_condition(expr.value)):
        return Labels(_TRUTHS)
    return Labels(unsure=any(_is_choice(part, traces) for part in walk(expr)))


def _either(branches: Iterable[Expr], traces: Traces) -> Labels:
    branches = tuple(branches)
    found = [made_of(each, traces) for each in branches]
    plain = [
        each
        for each, made in zip(branches, found, strict=True)
        if made == NOTHING_MADE and not isinstance(each, Constant)
    ]
    return Labels(
        frozenset().union(*(made.known for made in found)),
        unsure=len(set(plain)) > 1 or any(made.unsure for made in found),
    )


def _is_choice(part: object, traces: Traces) -> bool:
    match part:
        case Case() | Call("nullif"):
            return True
        case Column():
            return traces.column(part).made != NOTHING_MADE
        case Call() | Cast():
            return is_condition(part)
        case _:
            return False
