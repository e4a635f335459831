"""What is known of one column of a SELECT: its origins, whether it is the patient, what it is a number of.

It refuses to call a column the patient's identifier unless it is that identifier unchanged, and to call a value coarse
unless something that is known to coarsen stands around it.
"""

from job_specs.sql import functions
from job_specs.sql.choices import alternatives, chosen, indicator
from job_specs.sql.facts import ColumnTrace, Grain, Level, Source, Traces
from job_specs.sql.ir import (
    Among,
    Call,
    Case,
    Column,
    Constant,
    Exists,
    Expr,
    Item,
    Select,
    Single,
    Window,
    children,
    walk,
)
from job_specs.sql.made import made_of
from job_specs.sql.model import PEOPLE, Labels, Role
from job_specs.sql.resolve import has_aggregate
from job_specs.sql.roles import counted, role_of

_COARSE = frozenset(
    [
        "year",
        "isoyear",
        "quarter",
        "month",
        "week",
        "yearweek",
        "dayofweek",
        "isodow",
        "monthname",
        "dayname",
        "date_diff",
        "date_sub",
        "date_part",
        "age",
        "floor",
        "ceil",
        "round",
        "trunc",
        "sign",
        "//",
        "%",
        "=",
        "<>",
        "<",
        ">",
        "<=",
        ">=",
        "in",
        "between",
        "is_null",
        "not",
        "and",
        "or",
        "is_not_distinct",
        "~~",
        "~~*",
        "list_contains",
        "contains",
        "starts_with",
        "ends_with",
        "regexp_matches",
        "regexp_full_match",
        "length",
        "isnan",
        "count_star",
        "count",
        "count_if",
        "bool_and",
        "bool_or",
        "grouping",
        "corr",
        "regr_r2",
    ]
)
"""Functions whose values say less than what goes in. Text that is only cut or respelled is not among them."""

_COARSE_UNITS = frozenset({"month", "quarter", "year", "isoyear"})
_SELF_EVIDENT = frozenset({"count_star", "count", "count_if", "sum"})


class Columns:
    """Works out column traces over the relations that `traces` knows."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def column(self, item: Item, source: Source) -> ColumnTrace:
        """A column of a SELECT that does not put several people into one group."""
        measured = source.level is Level.MANY
        patient = self.is_patient(item.value)
        role = role_of(item.value, source, self._traces) if measured else "dimension"
        return ColumnTrace(
            item.name or "",
            self.origins(item.value),
            patient=patient,
            sure=patient and item.value in source.sure,
            fixed=self.is_fixed(item.value, source),
            rank=self.is_rank(item.value, source),
            conditional=self.is_conditional(item.value),
            grain=self.grain(item.value),
            chosen=chosen(item.value, source, self._traces),
            role=role,
            people=self._passed_on(item, role) if measured else "",
            everybody=self.counts_everybody(item.value),
            made=Labels() if has_aggregate(item.value) else made_of(item.value, self._traces),
        )

    def measured(self, item: Item, source: Source) -> ColumnTrace:
        """A column of a SELECT whose rows are groups made here."""
        role = role_of(item.value, source, self._traces)
        return ColumnTrace(
            item.name or "",
            self.origins(item.value),
            patient=self.is_patient(item.value),
            grain=self.grain(item.value),
            role=role,
            people=_counted_in(item, role),
            everybody=self.counts_everybody(item.value),
            made=Labels() if has_aggregate(item.value) else made_of(item.value, self._traces),
        )

    def is_conditional(self, value: Expr) -> bool:
        """Whether a number is another one, or none, by a condition that is not about the number itself."""
        if indicator(value) is None and any(alternatives(value)):
            return True
        return any(self._traces.column(part).conditional for part in walk(value) if isinstance(part, Column))

    def is_patient(self, expr: Expr) -> bool:
        """Whether the value is, or may be, a patient's identifier."""
        match expr:
            case Column():
                return self._traces.column(expr).patient
            case Call("coalesce", args):
                return any(self.is_patient(arg) for arg in args)
            case Case():
                return any(self.is_patient(branch) for branch in _branches(expr))
            case Single(Select(items=(item,))):
                return self.is_patient(item.value)
            case _:
                return False

    def is_fixed(self, expr: Expr, source: Source) -> bool:
        """Whether a patient has one value of it: made of nothing but values of which a patient has one."""
        nodes = list(walk(expr))
        if any(isinstance(node, Window) for node in nodes) or has_aggregate(expr):
            return False
        has_query = any(isinstance(node, Exists | Single | Among) for node in nodes)
        columns = [node for node in nodes if isinstance(node, Column) and node not in source.sure]
        own = [column for column in columns if column.source in source.aliases]
        # Columns from elsewhere are those of a query inside, which the columns it is tied by decide.
        return (has_query or len(own) == len(columns)) and all(
            self._traces.column(column).fixed for column in own
        )

    def is_rank(self, expr: Expr, source: Source) -> bool:
        """Whether it is row_number() within the patient, still with a row for each number."""
        match expr:
            case Column():
                return self._traces.column(expr).rank and len(source.aliases) == 1
            case Window(Call("row_number"), partition):
                own = any(key in source.sure for key in partition)
                return own and all(self.is_fixed(key, source) for key in partition)
            case _:
                return False

    def is_first_rank(self, condition: Expr, source: Source) -> bool:
        """Whether a condition keeps one row for each patient."""
        match condition:
            case Call("=" | "<=", (rank, Constant("integer", "1"))) | Call(
                "=", (Constant("integer", "1"), rank)
            ):
                return self.is_rank(rank, source)
            case _:
                return False

    def grain(self, expr: Expr) -> Grain:
        """How much the values give away."""
        match expr:
            case Column():
                return self._traces.column(expr).grain
            case Case():
                return max(self.grain(branch) for branch in _branches(expr))
            case Single(Select(items=(item,))):
                return self.grain(item.value)
            case Window(call):
                return self.grain(call)
            case _:
                inside = (
                    () if _is_coarse(expr) else (child for child in children(expr) if isinstance(child, Expr))
                )
                return max((self.grain(child) for child in inside), default=Grain.COARSE)

    def origins(self, expr: Expr) -> frozenset[tuple[str, str]]:
        """The columns of base tables that a value depends on."""
        known = self._traces.by_alias
        columns = (node for node in walk(expr) if isinstance(node, Column) and node.source in known)
        return frozenset(origin for column in columns for origin in self._traces.column(column).origins)

    def counts_everybody(self, expr: Expr) -> bool:
        """Whether it is how many people, or rows, are in a group, no condition in between."""
        match expr:
            case Call("count_star", (), where=None):
                return True
            case Call("count", (arg,), where=None):
                return counted(arg, self._traces) == (arg, None)
            case Column():
                return self._traces.column(expr).everybody
            case _:
                return False

    def _passed_on(self, item: Item, role: Role) -> str:
        """Where the people of a value are counted that comes from a relation whose rows are groups already."""
        name = item.name or ""
        if role == "dimension":
            return PEOPLE
        counts_itself = isinstance(item.value, Column) and self._counts_itself(item.value)
        return name if counts_itself else evidence_name(name)

    def _counts_itself(self, column: Column) -> bool:
        below = self._traces.column(column)
        return below.people == below.name


def evidence_name(name: str) -> str:
    """The hidden column that counts the people behind a column."""
    return f"{name}__people"


def _counted_in(item: Item, role: Role) -> str:
    """Where the people of a grouped select's column are counted: with the row, in itself, or beside it."""
    if role == "dimension":
        return PEOPLE
    value, name = item.value, item.name or ""
    if not isinstance(value, Call) or not functions.is_aggregate(value.name):
        return evidence_name(name)
    if value.name in _SELF_EVIDENT and role == "count_people":
        return name
    return PEOPLE if value.name == "count_star" and value.where is None else evidence_name(name)


def _branches(case: Case) -> tuple[Expr, ...]:
    return (*(then for _, then in case.whens), case.otherwise)


def _is_coarse(expr: Expr) -> bool:
    match expr:
        case Exists() | Among():
            return True
        case Call(name, args):
            return name in _COARSE or _truncates(name, args)
        case _:
            return False


def _truncates(name: str, args: tuple[Expr, ...]) -> bool:
    match name, args:
        case "date_trunc", (Constant("text", unit), _):
            return unit in _COARSE_UNITS
        case "time_bucket", (Call("to_months" | "to_years"), *_):
            return True
        case _:
            return False
