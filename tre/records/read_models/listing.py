"""One page of a list: chosen, searched, ordered and counted by the database, so that a long list costs what a page costs.

Refuses a column that the list does not have; takes a page that is not there as the nearest one that is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from tre.records.read_models.shapes import Row
from tre.records.read_models.tables import TABLE_OF, from_columns

R = TypeVar("R", bound=Row)
PAGE = 50


@dataclass(frozen=True)
class Wanted:
    """Which rows are wanted.

    Attributes:
        where: a column is this word, or one of these.
        holds: a list of words in a column holds this word.
        words: text to look for, in any of ``within``.
        newest: the column whose largest come first; or, with ``oldest_first``, whose smallest do.
        page: counted from 1.
        size: rows on a page.
        without: a column is none of these words.
    """

    newest: str
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    within: Sequence[str] = ()
    page: int = 1
    size: int = PAGE
    oldest_first: bool = False
    without: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing(Generic[R]):
    """One page of rows, and how many there are in all."""

    rows: tuple[R, ...]
    total: int
    page: int
    size: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // self.size))


def listing(connection: Connection, shape: type[R], wanted: Wanted) -> Listing[R]:
    """The page of the list that is wanted."""
    table, tests = TABLE_OF[shape], [*_tests(TABLE_OF[shape], wanted)]
    total = connection.execute(select(func.count()).select_from(table).where(*tests)).scalar_one()
    page = min(max(1, wanted.page), max(1, -(-total // wanted.size)))
    keys = (table.c[wanted.newest], table.c.id)
    order = [key.asc() if wanted.oldest_first else key.desc() for key in keys]
    # The page is chosen by what an index holds, and only its own rows are read whole.
    chosen = select(table.c.id).where(*tests).order_by(*order)
    chosen = chosen.limit(wanted.size).offset((page - 1) * wanted.size)
    query = select(table).where(table.c.id.in_(chosen.scalar_subquery())).order_by(*order)
    rows = tuple(from_columns(shape, row) for row in connection.execute(query).mappings())
    return Listing(rows, total, page, wanted.size)


def ids(connection: Connection, shape: type[Row], wanted: Wanted) -> tuple[str, ...]:
    """The names alone of what a page of the list would hold."""
    table = TABLE_OF[shape]
    keys = (table.c[wanted.newest], table.c.id)
    order = [key.asc() if wanted.oldest_first else key.desc() for key in keys]
    query = select(table.c.id).where(*_tests(table, wanted)).order_by(*order).limit(wanted.size)
    return tuple(connection.execute(query).scalars())


def counts(
    connection: Connection, shape: type[Row], column: str, since: tuple[str, str] | None = None
) -> dict[str, int]:
    """How many rows there are of each word in a column; with ``since``, of those whose other column is no less than a word."""
    table = TABLE_OF[shape]
    query = select(table.c[column], func.count()).group_by(table.c[column])
    query = query if since is None else query.where(table.c[since[0]] >= since[1])
    return {str(word): int(number) for word, number in connection.execute(query)}


def _tests(table: Table, wanted: Wanted) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    for name, value in wanted.where.items():
        column: ColumnElement[Any] = table.c[name]
        tests.append(column == value if isinstance(value, str) else column.in_(value))
    # A list of words is kept as JSON, so a word stands between quotation marks.
    tests += [table.c[name].contains(f'"{word}"', autoescape=True) for name, word in wanted.holds.items()]
    tests += [table.c[name].not_in(words) for name, words in wanted.without.items()]
    if wanted.words:
        tests.append(or_(*(table.c[name].icontains(wanted.words, autoescape=True) for name in wanted.within)))
    return tests
