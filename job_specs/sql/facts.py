"""What is known of the rows of a relation: whose they are, how many for each patient, where each column comes from.

Plain values, worked out by `lineage`. Nothing here is guessed: what cannot be shown is a Doubt with a reason and a place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from job_specs.sql.ir import Column, Expr, Select
from job_specs.sql.model import Labels, Role


class Level(StrEnum):
    """Whose a row is."""

    NOBODY = "nobody"  # constants, calendars, reference tables
    ONE = "one"  # exactly one patient's (or, where `nullable`, nobody's)
    MANY = "many"  # a group of patients'
    MIXED = "mixed"  # single rows that several patients share, such as a contact pair


class Grain(IntEnum):
    """How much a column's values give away, from nothing in particular to themselves."""

    COARSE = 0
    DAY = 1  # days: groups may be small
    ITSELF = 2  # values that the catalogue does not let a released table be broken down by


class Chosen(IntEnum):
    """Whether a value was chosen between constants or moved away from zero, and what may then be made of it."""

    NOWHERE = 0
    AMONG_DATES = (
        1  # it may be a date that was capped or completed: fine in a number of days, not as a number
    )
    ANYWHERE = 2


@dataclass(frozen=True)
class Doubt:
    """Why the people behind a number cannot be counted, and where in the text."""

    reason: str
    at: int


@dataclass(frozen=True)
class ColumnTrace:
    """Where a column comes from.

    Attributes:
        name: its name.
        origins: the columns of base tables that its value depends on.
        patient: it is a patient's identifier, unchanged.
        sure: in a row that is one patient's, it is that patient's identifier and never NULL.
        fixed: a patient has one value of it, however many rows.
        rank: it is row_number() within the patient, so that `= 1` leaves one row each.
        grain: how much its values give away.
        chosen: its values were chosen or moved, so that a sum of them may be one person's in disguise.
        role: the class of number, where rows are groups.
        people: the column of the units query that counts the people behind it, where rows are groups.
        everybody: it counts the people of its row, no condition in between.
        made: the labels that conditions give it.
        conditional: a condition decides what it is, or whether it is anything.
    """

    name: str
    origins: frozenset[tuple[str, str]] = frozenset()
    patient: bool = False
    sure: bool = False
    fixed: bool = False
    rank: bool = False
    grain: Grain = Grain.COARSE
    chosen: Chosen = Chosen.NOWHERE
    role: Role = "dimension"
    people: str = ""
    everybody: bool = False
    made: Labels = field(default_factory=Labels)
    conditional: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of a relation's rows.

    Attributes:
        level: whose a row is.
        columns: its columns, in order.
        unique: no patient has more than one row.
        nullable: some rows may be nobody's.
        single: there is at most one row in all.
        records: no record of a table of people stands in more than one of its rows.
        keys: names of columns of a nobody's relation in which no value repeats.
        tied: for a query inside another: the patient identifiers of outer rows that its rows' patient equals.
        person: the column that holds the patient, where it is among `columns`.
        doubts: why its numbers cannot be proved, if any.
    """

    level: Level
    columns: tuple[ColumnTrace, ...]
    unique: bool = False
    nullable: bool = False
    single: bool = False
    records: bool = False
    keys: frozenset[str] = frozenset()
    tied: frozenset[Column] = frozenset()
    person: str | None = None
    doubts: tuple[Doubt, ...] = ()

    def column(self, name: str) -> ColumnTrace:
        """The column of that name. Raises KeyError: names were settled before."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Source:
    """A whole FROM: the facts of the joined rows, and the expression that is their patient.

    `same` are the patient identifiers that equal the row's patient or are NULL; those that are NULL only where the row
    is nobody's are `sure` as well. `tied` are identifiers of rows outside this query that the patient equals. `keys` are
    what it is grouped by: of these there is one value in a group. `records`: no record of people stands in more than one row,
    for each single row of the relations that it is `fanned` over: lookups that a record may match several rows of.
    """

    level: Level
    person: Expr | None = None
    unique: bool = False
    nullable: bool = False
    single: bool = False
    records: bool = False
    fanned: frozenset[str] = frozenset()
    same: frozenset[Column] = frozenset()
    sure: frozenset[Expr] = frozenset()
    aliases: frozenset[str] = frozenset()
    tied: frozenset[Column] = frozenset()
    keys: frozenset[Expr] = frozenset()
    doubts: tuple[Doubt, ...] = ()

    def doubting(self, reason: str, at: int) -> "Source":
        """The same, with one more doubt."""
        return replace(self, doubts=(*self.doubts, Doubt(reason, at)))


@dataclass(frozen=True)
class SelectTrace:
    """What was worked out about one SELECT, for the units query and the guard's last checks."""

    select: Select
    source: Source
    level: Level
    grouped: bool
    facts: Facts


Reach = Mapping[str, Facts]


@dataclass
class Traces:
    """Everything worked out about a query: by relation alias, and by SELECT (identity, not equality)."""

    by_alias: dict[str, Facts] = field(default_factory=dict)
    by_cte: dict[str, Facts] = field(default_factory=dict)
    selects: dict[int, SelectTrace] = field(default_factory=dict)
    queries: dict[int, Facts] = field(default_factory=dict)

    def column(self, column: Column) -> ColumnTrace:
        """What is known of a resolved column."""
        return self.by_alias[column.source or ""].column(column.name)
