"""The read models' tables, made from the shapes of their rows; and rows to and from them. Refuses a field of another type.

A table's name ends with what its columns are: versions that differ in a list have a table each, beside one another, and
neither takes the other's away. So an older version serves its own lists while a newer one prepares what is new to it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from tre.custody.encoding import canonical
from tre.records.read_models.shapes import (
    RegisteredJob,
    RegisteredRelease,
    RegisteredStudy,
    RequestRow,
    ReviewRow,
    Row,
    StudyRow,
)

READ_MODELS = MetaData()
PREFIX = "read_"
FOLDED = 1
"""To be raised whenever what is folded into the same columns becomes another thing: every list is then prepared anew."""
_NAME_OF_A_LAYOUT = 8

R = TypeVar("R", bound=Row)

# Ordered by bytes wherever it is kept; a PostgreSQL orders by its own language otherwise.
_WORDS = Text().with_variant(Text(collation="C"), "postgresql")
_TYPES: dict[Any, Any] = {str: _WORDS, int: Integer, tuple[str, ...]: _WORDS}


@dataclass(frozen=True)
class Shelf:
    """One table and the shape of its rows."""

    table: Table
    shape: type[Row]

    @property
    def name(self) -> str:
        """The list's name, with its layout."""
        return str(self.table.name)

    @property
    def has_parts(self) -> bool:
        """Whether one case may have several rows, whose ids begin with its own."""
        return self.shape in (RegisteredRelease, ReviewRow)


def _shelf(name: str, shape: type[Row], *orders: tuple[str, ...]) -> Shelf:
    """A table for rows of one shape; ``orders`` are the columns that pages of it are chosen and ordered by."""
    columns = [
        Column(field, _TYPES[hint], primary_key=field == "id", nullable=False)
        for field, hint in get_type_hints(shape).items()
    ]
    table = Table(f"{PREFIX}{name}_{_layout(shape)}", READ_MODELS, *columns)
    for order in orders:
        Index(f"{table.name}_by_{'_'.join(order)}", *(table.c[column] for column in order))
    return Shelf(table, shape)


def _layout(shape: type[Row]) -> str:
    """What tells this layout of a list from every other."""
    told = [FOLDED, *([field, str(hint)] for field, hint in get_type_hints(shape).items())]
    return hashlib.sha256(canonical(told)).hexdigest()[:_NAME_OF_A_LAYOUT]


SHELVES = (
    _shelf("studies", StudyRow, ("changed_at", "id"), ("stage", "changed_at", "id")),
    _shelf(
        "requests",
        RequestRow,
        ("submitted_at", "id"),
        ("study", "submitted_at", "id"),
        ("stage", "submitted_at", "id"),
        ("stage", "offered_at", "id", "study", "submitter"),
    ),
    _shelf("register_studies", RegisteredStudy, ("approved_at", "id"), ("status", "approved_at", "id")),
    _shelf(
        "register_jobs",
        RegisteredJob,
        ("submitted_at", "id"),
        ("study", "submitted_at", "id"),
        ("status", "submitted_at", "id"),
    ),
    _shelf("reviews", ReviewRow, ("ended_at", "ended", "because", "days")),
    _shelf("register_releases", RegisteredRelease, ("released_at", "id"), ("study", "released_at", "id")),
)

TABLE_OF: dict[type, Table] = {shelf.shape: shelf.table for shelf in SHELVES}

CURSORS = Table(
    f"{PREFIX}cursors",
    READ_MODELS,
    Column("list", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)
"""For each list the last event that it has taken in; nothing for one that has not begun."""


def to_columns(row: Row) -> dict[str, Any]:
    """The row as its table keeps it: a list of words is canonical JSON, and a NUL is the sign for one.

    PostgreSQL keeps no NUL in a text: without this, one title that holds one would stop every list.
    """
    return {field.name: _to_column(getattr(row, field.name)) for field in fields(row)}


def _to_column(value: Any) -> Any:
    if isinstance(value, tuple):
        return canonical(value).decode()
    return value.replace("\0", "\N{SYMBOL FOR NULL}") if isinstance(value, str) else value


def from_columns(shape: type[R], columns: Mapping[Any, Any]) -> R:
    """The row that its table keeps so."""
    values = {
        name: tuple(json.loads(columns[name])) if is_list else columns[name]
        for name, is_list in _columns_of(TABLE_OF[shape].name)
    }
    build: Callable[..., R] = shape
    return build(**values)


@cache
def _columns_of(table: str) -> tuple[tuple[str, bool], ...]:
    """A table's columns, and whether each is a list of words."""
    shape = next(shelf.shape for shelf in SHELVES if shelf.table.name == table)
    return tuple((name, hint == tuple[str, ...]) for name, hint in get_type_hints(shape).items())
