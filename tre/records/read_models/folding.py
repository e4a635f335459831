"""Keeping the read models up with the ledger: take in what is new, a portion at a time, each list from where it is.

A touched case's rows are folded from its whole history, so it makes no difference in which portions the ledger was read.
What is folded is folded from a snapshot, while others write; the ledger is held only to put the rows there. Whoever dies
goes on from where the last portion ended, and whoever comes second with the same portion has done nothing.

Refuses to go on from a ledger that is not the one it read before: then a list is folded again; and to give a list that is
still being prepared as if it were whole.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    inspect,
    or_,
    select,
)

from tre.custody.encoding import canonical
from tre.records import rows
from tre.records.database import reading, writing
from tre.records.errors import ListBeingPrepared
from tre.records.ledger import Ledger
from tre.records.read_models.cursors import (
    BEGINNING,
    Behind,
    behind,
    cursors,
    have_moved,
    is_on_this_chain,
    move,
)
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
from tre.records.read_models.tables import (
    CURSORS,
    PREFIX,
    READ_MODELS,
    SHELVES,
    TABLE_OF,
    R,
    Shelf,
    from_columns,
    to_columns,
)
from tre.records.rows import Head
from tre.records.schema import EVENTS

AFTER_PARTS = chr(ord(PART) + 1)
PORTION = 1_000
"""How many events are taken in at a time."""
LATE = 20_000
"""A list that lacks more events than this is prepared by whoever has the time, and not while somebody waits for a page."""


class ReadModels:
    """The lists beside a ledger, in the same database. Readers see them as of the last `catch_up`."""

    def __init__(self, ledger: Ledger) -> None:
        """The lists beside that ledger; what is not there of them is made, empty."""
        self._engine = ledger.engine
        self._counted: dict[tuple[str, str], tuple[Head, dict[str, int]]] = {}
        self._whole: set[str] = set()
        _lay_out(self._engine)

    def catch_up(self) -> int:
        """Take in every event since the last time, in every list that is not far behind; the position reached by those.

        Raises:
            LedgerBroken: an event is not as it was written.
        """
        return self._take_in(LATE)

    def prepare(self) -> int:
        """Take in everything, in every list: for whoever has the time. It may be stopped at any moment, and begun again."""
        return self._take_in(None)

    def rebuild(self) -> int:
        """Fold every list anew from the whole ledger; the position reached. Readers see the old rows until each is replaced."""
        self._counted.clear()
        with writing(self._engine) as connection:
            move(connection, SHELVES, BEGINNING)
        reached = self.prepare()
        with writing(self._engine) as connection:
            for shelf in SHELVES:
                _drop_strangers(connection, shelf)
        return reached

    def forget_others(self) -> int:
        """Take away the lists that other versions laid out; how many there were. Not while such a version is at work."""
        own = set(READ_MODELS.tables)
        with writing(self._engine) as connection:
            found = {name for name in inspect(connection).get_table_names() if name.startswith(PREFIX)}
            for name in sorted(found - own):
                Table(name, MetaData()).drop(connection)
            names = [shelf.name for shelf in SHELVES]
            connection.execute(delete(CURSORS).where(CURSORS.c.list.not_in(names)))
        return len(found - own)

    def _take_in(self, most: int | None) -> int:
        while True:
            with reading(self._engine) as connection:
                where = behind(connection, most)
                reached = rows.head_of(connection).position
            if where is None:
                return reached
            _take_in(self._engine, where)

    def digest(self) -> str:
        """SHA-256 over every row of every list, in order: equal lists have equal digests."""
        digest = hashlib.sha256()
        with reading(self._engine) as connection:
            for table in (CURSORS, *(shelf.table for shelf in SHELVES)):
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
            self._require_whole(connection, RequestRow)
            return tuple(from_columns(RequestRow, row) for row in connection.execute(query).mappings())

    def listing(self, shape: type[R], wanted: Wanted) -> Listing[R]:
        """One page of a list."""
        with reading(self._engine) as connection:
            self._require_whole(connection, shape)
            return listing(connection, shape, wanted)

    def ids(self, shape: type[Row], wanted: Wanted) -> tuple[str, ...]:
        """The names alone of the first page of a list."""
        with reading(self._engine) as connection:
            self._require_whole(connection, shape)
            return ids(connection, shape, wanted)

    def counts(self, shape: type[Row], column: str, since: tuple[str, str] | None = None) -> dict[str, int]:
        """How many rows a list has of each word in a column; of those since a moment, in the column that holds it.

        Counted once for each state of the lists: a long list is not read again while nothing has happened.
        """
        with reading(self._engine) as connection:
            self._require_whole(connection, shape)
            if since is not None:
                return counts(connection, shape, column, since)
            cursor, key = cursors(connection)[TABLE_OF[shape].name], (shape.__name__, column)
            known = self._counted.get(key)
            if known is None or known[0] != cursor:
                known = self._counted[key] = (cursor, counts(connection, shape, column))
            return dict(known[1])

    def row(self, shape: type[R], case_id: str) -> R | None:
        """One row of a list, if it has one of that id."""
        table = TABLE_OF[shape]
        with reading(self._engine) as connection:
            self._require_whole(connection, shape)
            found = connection.execute(select(table).where(table.c.id == case_id)).mappings().first()
            return from_columns(shape, found) if found else None

    def register(self) -> Register:
        """The public register [P12]."""
        return Register(self._all(RegisteredStudy), self._all(RegisteredJob), self._all(RegisteredRelease))

    def _all(self, shape: type[R]) -> tuple[R, ...]:
        table = TABLE_OF[shape]
        with reading(self._engine) as connection:
            self._require_whole(connection, shape)
            found = connection.execute(select(table).order_by(table.c.id)).mappings()
            return tuple(from_columns(shape, row) for row in found)

    def _require_whole(self, connection: Connection, shape: type) -> None:
        """Insist that a list was not far behind, once; whoever reads it has caught up since."""
        name = TABLE_OF[shape].name
        if name in self._whole:
            return
        head, cursor = rows.head_of(connection).position, cursors(connection)[name].position
        if head - cursor > LATE:
            raise ListBeingPrepared(100 * cursor // head)
        self._whole.add(name)


def _lay_out(engine: Engine) -> None:
    """Make what is not there, beside what other versions have; a list that was lost begins at the beginning."""
    with reading(engine) as connection:
        if not _lacking(connection):
            return
    with writing(engine) as connection:
        lacking = _lacking(connection)
        READ_MODELS.create_all(connection)
        for index in (index for shelf in SHELVES for index in shelf.table.indexes):
            index.create(connection, checkfirst=True)
        connection.execute(delete(CURSORS).where(CURSORS.c.list.in_(lacking)))


def _lacking(connection: Connection) -> list[str]:
    """The names of tables and indexes that are not there."""
    there = inspect(connection)
    names = [name for name in READ_MODELS.tables if not there.has_table(name)]
    for table in (shelf.table for shelf in SHELVES if shelf.name not in names):
        known = {index["name"] for index in there.get_indexes(table.name)}
        names += [str(index.name) for index in table.indexes if index.name not in known]
    return names


def _take_in(engine: Engine, where: Behind) -> None:
    """Take in the next portion of events for some lists, unless somebody else is quicker."""
    with reading(engine) as connection:
        if not is_on_this_chain(connection, where.cursor):
            return _begin_again(engine, where)
        new = _portion(connection, where.cursor)
        cases = sorted({row.case_id for row in new if row.case_id.isprintable()})
        folded = [row for history in rows.histories(connection, cases) for row in rows_of(history)]
    with writing(engine) as connection:
        if not have_moved(connection, where):
            for shelf in where.shelves:
                _replace(connection, shelf, cases, [row for row in folded if type(row) is shelf.shape])
            move(connection, where.shelves, Head(new[-1].position, new[-1].hash))
    return None


def _portion(connection: Connection, cursor: Head) -> Sequence[Any]:
    query = select(EVENTS.c.position, EVENTS.c.hash, EVENTS.c.case_id).where(
        EVENTS.c.position > cursor.position
    )
    return connection.execute(query.order_by(EVENTS.c.position).limit(PORTION)).all()


def _begin_again(engine: Engine, where: Behind) -> None:
    """Another ledger is in the place of the one that was read: what was folded of that one goes."""
    with writing(engine) as connection:
        if not have_moved(connection, where):
            for shelf in where.shelves:
                connection.execute(delete(shelf.table))
            connection.execute(
                delete(CURSORS).where(CURSORS.c.list.in_([each.name for each in where.shelves]))
            )


def _replace(connection: Connection, shelf: Shelf, cases: Sequence[str], new: Sequence[Row]) -> None:
    """Put these rows in the place of all that a list has of some cases."""
    table = shelf.table
    if cases:
        own = table.c.id == bindparam("of")
        parts = and_(table.c.id > bindparam("first"), table.c.id < bindparam("after"))
        gone = delete(table).where(or_(own, parts) if shelf.has_parts else own)
        named = [{"of": case, "first": case + PART, "after": case + AFTER_PARTS} for case in cases]
        connection.execute(gone, named if shelf.has_parts else [{"of": case} for case in cases])
    if new:
        connection.execute(insert(table), [to_columns(row) for row in new])


def _drop_strangers(connection: Connection, shelf: Shelf) -> None:
    """Take out the rows of cases that the ledger does not have: whoever put them there, it was nobody here."""
    known = set(connection.execute(select(EVENTS.c.case_id).where(EVENTS.c.seq == 1)).scalars())
    table = shelf.table
    found = connection.execute(select(table.c.id)).scalars()
    strangers = [{"of": each} for each in found if str(each).partition(PART)[0] not in known]
    if strangers:
        connection.execute(delete(table).where(table.c.id == bindparam("of")), strangers)
