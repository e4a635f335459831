"""The read models' tables, made from the shapes of their rows; and rows to and from them. Refuses a field of another type."""

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

R = TypeVar("R", bound=Row)

# Ordered by bytes wherever it is kept; a PostgreSQL orders by its own language otherwise.
_WORDS = Text().with_variant(Text(collation="C"), "postgresql")
_TYPES: dict[Any, Any] = {str: _WORDS, int: Integer, tuple[str, ...]: _WORDS}


@dataclass(frozen=True)
class Shelf:
    """One table and the shape of its rows."""

    table: Table
    shape: type[Row]


def _shelf(name: str, shape: type[Row], *orders: tuple[str, ...]) -> Shelf:
    """A table for rows of one shape; ``orders`` are the columns that pages of it are chosen and ordered by."""
    columns = [
        Column(field, _TYPES[hint], primary_key=field == "id", nullable=False)
        for field, hint in get_type_hints(shape).items()
    ]
    table = Table(f"read_{name}", READ_MODELS, *columns)
    for order in orders:
        Index(f"read_{name}_by_{'_'.join(order)}", *(table.c[column] for column in order))
    return Shelf(table, shape)


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

CURSOR = Table(
    "read_cursor",
    READ_MODELS,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
)
"""One row: the last event that the read models have taken in."""


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
