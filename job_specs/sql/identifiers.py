"""How a patient's identifier may be used: to link rows, to group them, to count people. Nothing else [P2].

It refuses comparison with a value, arithmetic, hashing, sorting out by it, choosing by it, and putting it into text: each
of these is a way to point at one person. An identifier is known by its lineage, never by its name.
"""

from collections.abc import Iterator

from job_specs.sql.facts import SelectTrace, Traces
from job_specs.sql.ir import (
    Among,
    Call,
    Case,
    Column,
    Constant,
    Exists,
    Expr,
    Query,
    Select,
    Single,
    Window,
    children,
    join_conditions,
    walk,
)
from job_specs.sql.refusals import Refusals

_BETWEEN_IDENTIFIERS = frozenset({"=", "<>", "is_not_distinct"})


def check_identifiers(query: Query, traces: Traces, refusals: Refusals) -> None:
    """Note every use of a patient's identifier that is not linking, grouping or counting."""
    for node in walk(query):
        if isinstance(node, Select):
            _Uses(traces, refusals).select(traces.selects[id(node)])


class _Uses:
    def __init__(self, traces: Traces, refusals: Refusals) -> None:
        self._traces = traces
        self._refusals = refusals

    def select(self, trace: SelectTrace) -> None:
        select = trace.select
        for free in self._free_places(select):
            self._free(free)
        for strict in (select.where, select.having, select.qualify, *join_conditions(select.source)):
            if strict is not None:
                self._strict(strict)

    def _free_places(self, select: Select) -> Iterator[Expr]:
        """Places where an identifier may stand whole."""
        yield from (item.value for item in select.items)
        yield from select.group.keys if select.group else ()
        yield from select.distinct_on
        yield from (order.key for order in select.order)

    def _free(self, expr: Expr) -> None:
        """An identifier here is fine; one inside something else is not."""
        if not self._is_identifier(expr):
            self._strict(expr)
        elif isinstance(expr, Case):
            for when, _ in expr.whens:
                self._strict(when)

    def _is_identifier(self, expr: Expr) -> bool:
        match expr:
            case Column():
                return self._traces.column(expr).patient
            case Call("coalesce", args):
                return all(self._is_identifier(arg) for arg in args)
            case Case():
                branches = [*(then for _, then in expr.whens), expr.otherwise]
                named = [branch for branch in branches if not _is_null(branch)]
                return bool(named) and all(self._is_identifier(branch) for branch in named)
            case _:
                return False

    def _strict(self, expr: Expr) -> None:
        """No identifier here but where the surrounding construct links or counts."""
        match expr:
            case Column():
                if self._traces.column(expr).patient:
                    self._refusals.add("sql-patient-use", expr.at, text=expr.name)
            case Call(name, (left, right)) if name in _BETWEEN_IDENTIFIERS and self._both(left, right):
                self._free(left)
                self._free(right)
            case Call("is_null" | "count" | "grouping", args):
                self._several(args, expr.where)
            case Window():
                self._several((*expr.partition, *(order.key for order in expr.order)), expr.call.where)
                self._strict(expr.call)
            case Among(value, query):
                self._among(value, query)
            case Exists() | Single():
                pass  # the query inside is walked on its own
            case _:
                for child in children(expr):
                    self._strict(child)

    def _several(self, free: tuple[Expr, ...], strict: Expr | None) -> None:
        for expr in free:
            self._free(expr)
        if strict is not None:
            self._strict(strict)

    def _both(self, left: Expr, right: Expr) -> bool:
        return self._is_identifier(left) and self._is_identifier(right)

    def _among(self, value: Expr, query: Query) -> None:
        if self._is_identifier(value) and self._traces.queries[id(query)].columns[0].patient:
            self._free(value)
        else:
            self._strict(value)


def _is_null(expr: Expr) -> bool:
    return isinstance(expr, Constant) and expr.kind == "null"
