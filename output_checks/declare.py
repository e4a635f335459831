"""What a file claims to be: the declaration, in the shared vocabulary of statistics.

Refuses kinds, roles and references it does not know. It never looks at the file; the rules hold the file to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What the numbers of a column are."""

    DIMENSION = "dimension"
    COUNT = "count"
    MARGIN = "margin"
    N = "n"
    ROWS = "rows"
    SUM = "sum"
    MEAN = "mean"
    RATE = "rate"
    RATIO = "ratio"
    PERCENT = "percent"
    PERCENTILE = "percentile"
    VALUE = "value"
    MIN = "min"
    MAX = "max"
    MODE = "mode"
    SD = "sd"
    COEFFICIENT = "coefficient"
    P_VALUE = "p_value"
    DF = "df"
    TIME = "time"
    AT_RISK = "at_risk"
    EVENTS = "events"
    SURVIVAL = "survival"
    OTHER = "other"


PEOPLE = frozenset({Role.COUNT, Role.MARGIN, Role.N, Role.AT_RISK, Role.EVENTS})
"""Roles whose numbers are people."""
COUNTED = PEOPLE | {Role.ROWS}
"""Roles whose numbers are whole."""
ROUNDED = COUNTED - {Role.AT_RISK, Role.EVENTS}
"""Whole numbers that are rounded here; a survival curve's are rounded by whoever computes the curve."""
DERIVED = frozenset({Role.RATIO, Role.RATE, Role.PERCENT})
"""Roles that are computed from two counts."""
LABELS = frozenset({Role.DIMENSION, Role.TIME})
"""Roles that name a row and are never hidden."""


@dataclass(frozen=True)
class Kind:
    """A kind of statistic: its name among the statbarns, what it must declare, and a role some column must have."""

    statbarn: str
    must: tuple[str, ...]
    role: Role | None = None


_FROM = ("of", "by")
KINDS: Mapping[str, Kind] = {
    "frequencies": Kind("Frequencies", (*_FROM, "columns"), Role.COUNT),
    "linear_aggregation": Kind("LinearAggregations", (*_FROM, "value", "n")),
    "calculated_ratio": Kind("CalculatedRatios", (*_FROM, "columns"), Role.RATIO),
    "position": Kind("Position", (*_FROM, "value", "percentile")),
    "endpoints": Kind("Endpoints", (*_FROM, "value")),
    "mode": Kind("Mode", (*_FROM, "value")),
    "shape": Kind("Shape", (*_FROM, "value", "n")),
    "correlation": Kind("CorrelationCoefficients", ("of", "model", "n", "residual_df", "regressors")),
    "hypothesis_test": Kind("StatisticalHypothesisTests", ("of", "test", "n", "df")),
    "survival": Kind("HazardSurvivalTables", ("of", "time", "event", "by")),
    "concentration": Kind("NonLinearConcentrationRatios", (*_FROM, "value")),
    "gini": Kind("GiniCoefficient", (*_FROM, "value")),
    "linked_table": Kind("LinkedMultilevelTables", ("tables", "link")),
    "clusters": Kind("Clusters", ("of", "method", "n", "k")),
    "figure": Kind("", ("underlying",)),
    "text": Kind("", ("why",)),
}
_SHARED = frozenset({"statistic", "of", "by", "where", "columns", "path", "separator"})
_EXTRAS = frozenset(
    {
        "value", "n", "percentile", "model", "regressors", "residual_df", "test", "df", "time", "event", "tables",
        "link", "method", "k", "underlying", "why",
    }
)  # fmt: skip
_PAIR = 2


class Undeclarable(Exception):
    """A declaration that means nothing, in one sentence for the person who wrote it."""


@dataclass(frozen=True)
class Column:
    """One column's role, the columns it was computed from, and which percentile it is."""

    name: str
    role: Role
    operands: tuple[str, ...] = ()
    percentile: float | None = None


@dataclass(frozen=True)
class Declaration:
    """A kind of statistic, its dimensions, the role of every other column, and what else the kind asks for."""

    kind: str
    by: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def declared(untrusted: Mapping[str, Any]) -> Declaration:
    """The declaration in some plain data.

    Raises:
        Undeclarable: a kind, key, role or reference without a meaning, or something left out.
    """
    kind = untrusted.get("statistic")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Undeclarable(f"`statistic` is one of {', '.join(KINDS)}.")
    unknown = untrusted.keys() - _SHARED - _EXTRAS
    if unknown:
        raise Undeclarable("The declaration has keys without a meaning.")
    missing = [key for key in KINDS[kind].must if untrusted.get(key) in (None, "", [], {})]
    # A table of the whole population has no dimensions, and says so with an empty list.
    missing = [key for key in missing if not (key == "by" and untrusted.get("by") == [])]
    if missing:
        raise Undeclarable(f"A {kind} statistic declares {', '.join(KINDS[kind].must)}.")
    columns = _columns(untrusted.get("columns", {}))
    _hold_role(kind, columns)
    extra = {key: untrusted[key] for key in _EXTRAS & untrusted.keys()}
    return Declaration(kind, _names(untrusted.get("by", [])), columns, extra)


def _names(untrusted: Any) -> tuple[str, ...]:
    if isinstance(untrusted, str) or not isinstance(untrusted, Sequence):
        raise Undeclarable("`by` is a list of column names.")
    if not all(isinstance(name, str) and name for name in untrusted):
        raise Undeclarable("`by` is a list of column names.")
    return tuple(untrusted)


def _columns(untrusted: Any) -> Mapping[str, Column]:
    if not isinstance(untrusted, Mapping):
        raise Undeclarable("`columns` gives each column its role.")
    made = {str(name): _column(str(name), role) for name, role in untrusted.items()}
    if any(operand not in made for column in made.values() for operand in column.operands):
        raise Undeclarable("A ratio names the columns it was computed from, and those are declared too.")
    return made


def _column(name: str, untrusted: Any) -> Column:
    if isinstance(untrusted, str):
        return Column(name, _role(untrusted))
    if isinstance(untrusted, Mapping) and len(untrusted) == 1:
        ((word, operands),) = untrusted.items()
        role = _role(word)
        if role is Role.PERCENTILE and isinstance(operands, int | float) and not isinstance(operands, bool):
            return Column(name, role, percentile=float(operands))
        if role in DERIVED and isinstance(operands, list | tuple) and len(operands) == _PAIR:
            return Column(name, role, tuple(str(each) for each in operands))
    raise Undeclarable("A column's role is a word, or `{ratio: [counted, counted from]}`.")


def _role(word: Any) -> Role:
    if not isinstance(word, str) or word not in frozenset(Role) - {Role.OTHER}:
        raise Undeclarable(
            f"A column's role is one of {', '.join(role for role in Role if role != 'other')}."
        )
    return Role(word)


def _hold_role(kind: str, columns: Mapping[str, Column]) -> None:
    wanted = KINDS[kind].role
    if wanted and not any(column.role is wanted for column in columns.values()):
        raise Undeclarable(f"A {kind} statistic has at least one column with the role {wanted}.")
