"""Keeping the read models up with the ledger: take in what is new, or drop everything and fold it all again.

A touched case's rows are folded from its whole history, so it makes no difference in which portions the ledger was read.
Refuses to go on from a ledger that is not the one it read before: then everything is folded again.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, Table, and_, delete, insert, inspect, or_, select

from tre.custody.encoding import canonical
from tre.records import rows
from tre.records.database import reading, writing
from tre.records.envelope import GENESIS
from tre.records.ledger import Ledger
from tre.records.read_models.listing import Listing, Wanted, counts, ids, listing
from tre.records.read_models.projections import rows_of
from tre.records.read_models.shapes import (
    PART,
    Register,
    RegisteredJob,
    RegisteredRelease,
    RegisteredStudy,
    RequestRow,
    Row,
    StudyRow,
)
from tre.records.read_models.tables import CURSOR, READ_MODELS, SHELVES, TABLE_OF, R, from_columns, to_columns
from tre.records.rows import Head
from tre.records.schema import EVENTS

AFTER_PARTS = chr(ord(PART) + 1)
PORTION = 500
"""How many events are taken in while the ledger is held."""


class ReadModels:
    """The lists beside a ledger, in the same database. Readers see them as of the last `catch_up`."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine
        self._counted: dict[tuple[str, str], tuple[Head, dict[str, int]]] = {}
        with writing(self._engine) as connection:
            _lay_out(connection)

    def catch_up(self) -> int:
        """Take in every event since the last time; the position reached.

        Raises:
            LedgerBroken: an event is not as it was written.
        """
        with reading(self._engine) as connection:
            cursor, head = _cursor(connection), rows.head_of(connection)
        while cursor != head:
            with writing(self._engine) as connection:
                cursor = _take_in(connection)
                head = rows.head_of(connection)
        return cursor.position

    def rebuild(self) -> int:
        """Empty every list and fold the whole ledger again; the position reached. Readers see the old lists until then."""
        self._counted.clear()
        with writing(self._engine) as connection:
            for table in READ_MODELS.sorted_tables:
                _begin_again(connection, table)
            head = rows.head_of(connection)
            while _cursor(connection) != head:
                _take_in(connection)
        return head.position

    def digest(self) -> str:
        """SHA-256 over every row of every list, in order: equal lists have equal digests."""
        digest = hashlib.sha256()
        with reading(self._engine) as connection:
            for table in (CURSOR, *(shelf.table for shelf in SHELVES)):
                ordered = select(table).order_by(*table.primary_key.columns)
                for row in connection.execute(ordered):
                    digest.update(canonical([table.name, *row]))
        return digest.hexdigest()

    def studies(self) -> tuple[StudyRow, ...]:
        """Every application, by id."""
        return self._all(StudyRow)

    def requests(
        self, *, study: str | None = None, stages: Sequence[str] | None = None
    ) -> tuple[RequestRow, ...]:
        """Job requests, oldest first: all, of one study, or at certain stages."""
        table = TABLE_OF[RequestRow]
        query = select(table).order_by(table.c.submitted_at, table.c.id)
        if study is not None:
            query = query.where(table.c.study == study)
        if stages is not None:
            query = query.where(table.c.stage.in_(stages))
        with reading(self._engine) as connection:
            return tuple(from_columns(RequestRow, row) for row in connection.execute(query).mappings())

    def listing(self, shape: type[R], wanted: Wanted) -> Listing[R]:
        """One page of a list."""
        with reading(self._engine) as connection:
            return listing(connection, shape, wanted)

    def ids(self, shape: type[Row], wanted: Wanted) -> tuple[str, ...]:
        """The names alone of the first page of a list."""
        with reading(self._engine) as connection:
            return ids(connection, shape, wanted)

    def counts(self, shape: type[Row], column: str, since: tuple[str, str] | None = None) -> dict[str, int]:
        """How many rows a list has of each word in a column; of those since a moment, in the column that holds it.

        Counted once for each state of the lists: a long list is not read again while nothing has happened.
        """
        with reading(self._engine) as connection:
            if since is not None:
                return counts(connection, shape, column, since)
            cursor, key = _cursor(connection), (shape.__name__, column)
            known = self._counted.get(key)
            if known is None or known[0] != cursor:
                known = self._counted[key] = (cursor, counts(connection, shape, column))
            return dict(known[1])

    def row(self, shape: type[R], case_id: str) -> R | None:
        """One row of a list, if it has one of that id."""
        table = TABLE_OF[shape]
        with reading(self._engine) as connection:
            found = connection.execute(select(table).where(table.c.id == case_id)).mappings().first()
            return from_columns(shape, found) if found else None

    def register(self) -> Register:
        """The public register [P12]."""
        return Register(self._all(RegisteredStudy), self._all(RegisteredJob), self._all(RegisteredRelease))

    def _all(self, shape: type[R]) -> tuple[R, ...]:
        table = TABLE_OF[shape]
        with reading(self._engine) as connection:
            found = connection.execute(select(table).order_by(table.c.id)).mappings()
            return tuple(from_columns(shape, row) for row in found)


def _lay_out(connection: Connection) -> None:
    """Make what is not there; where another version laid a list out, or lacked one, empty all of them, to be folded again."""
    lacking = [table for table in READ_MODELS.sorted_tables if not inspect(connection).has_table(table.name)]
    if lacking:
        READ_MODELS.drop_all(connection)
    READ_MODELS.create_all(connection)
    for index in (index for table in READ_MODELS.sorted_tables for index in table.indexes):
        if index.table is not None and _laid_out(connection, index.table):
            index.create(connection, checkfirst=True)
    if not all(_laid_out(connection, table) for table in READ_MODELS.sorted_tables):
        READ_MODELS.drop_all(connection)
        READ_MODELS.create_all(connection)


def _begin_again(connection: Connection, table: Table) -> None:
    """Leave the table empty: made anew only where another version laid it out, because readers wait for that."""
    if inspect(connection).has_table(table.name) and _laid_out(connection, table):
        _empty(connection, (table,))
        return
    table.drop(connection, checkfirst=True)
    table.create(connection)


def _laid_out(connection: Connection, table: Table) -> bool:
    found = {column["name"] for column in inspect(connection).get_columns(table.name)}
    return found == set(table.columns.keys())


def _cursor(connection: Connection) -> Head:
    row = connection.execute(select(CURSOR)).first()
    return Head(0, GENESIS) if row is None else Head(row.position, row.hash)


def _take_in(connection: Connection) -> Head:
    """Take in the next portion of events; where that leads."""
    cursor = _cursor(connection)
    if not _on_this_chain(connection, cursor):
        _empty(connection, (CURSOR, *TABLE_OF.values()))
        cursor = Head(0, GENESIS)
    portion = select(EVENTS.c.position, EVENTS.c.hash, EVENTS.c.case_id).where(
        EVENTS.c.position > cursor.position
    )
    new = connection.execute(portion.order_by(EVENTS.c.position).limit(PORTION)).all()
    for case_id in sorted({row.case_id for row in new}):
        _replace(connection, case_id)
    reached = Head(new[-1].position, new[-1].hash) if new else cursor
    _empty(connection, (CURSOR,))
    connection.execute(insert(CURSOR), {"position": reached.position, "hash": reached.hash})
    return reached


def _on_this_chain(connection: Connection, cursor: Head) -> bool:
    """Whether the event that was read last is still the one at its place."""
    at_cursor = select(EVENTS.c.hash).where(EVENTS.c.position == cursor.position)
    return cursor == Head(0, GENESIS) or connection.execute(at_cursor).scalar() == cursor.hash


def _replace(connection: Connection, case_id: str) -> None:
    for table in TABLE_OF.values():
        parts = and_(table.c.id > case_id + PART, table.c.id < case_id + AFTER_PARTS)
        connection.execute(delete(table).where(or_(table.c.id == case_id, parts)))
    for row in rows_of(rows.case_events(connection, case_id)):
        connection.execute(insert(TABLE_OF[type(row)]), to_columns(row))


def _empty(connection: Connection, tables: Sequence[Table]) -> None:
    for table in tables:
        connection.execute(delete(table))
