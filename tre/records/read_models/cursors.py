"""How far each list is: the last event that it has taken in. A list may be far behind the others, and is then being prepared.

Refuses nothing, and writes nothing but cursors.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from tre.records import rows
from tre.records.envelope import GENESIS
from tre.records.read_models.tables import CURSORS, SHELVES, Shelf
from tre.records.rows import Head
from tre.records.schema import EVENTS

BEGINNING = Head(0, GENESIS)


@dataclass(frozen=True)
class Behind:
    """Lists that have all taken in as much, and not everything."""

    cursor: Head
    shelves: tuple[Shelf, ...]


def cursors(connection: Connection) -> Mapping[str, Head]:
    """How far each list is, by its name; the beginning, where it has not begun."""
    found = {row.list: Head(row.position, row.hash) for row in connection.execute(select(CURSORS))}
    return {shelf.name: found.get(shelf.name, BEGINNING) for shelf in SHELVES}


def behind(connection: Connection, most: int | None) -> Behind | None:
    """The lists that are least behind, and lack something; without those that lack more than ``most`` events."""
    head, known = rows.head_of(connection), cursors(connection)
    lacking = {
        cursor
        for cursor in known.values()
        if cursor != head and (most is None or head.position - cursor.position <= most)
    }
    if not lacking:
        return None
    nearest = max(lacking, key=lambda cursor: cursor.position)
    return Behind(nearest, tuple(shelf for shelf in SHELVES if known[shelf.name] == nearest))


def have_moved(connection: Connection, where: Behind) -> bool:
    """Whether somebody else has taken something in for one of the lists since."""
    known = cursors(connection)
    return any(known[shelf.name] != where.cursor for shelf in where.shelves)


def is_on_this_chain(connection: Connection, cursor: Head) -> bool:
    """Whether the event that was read last is still the one at its place."""
    at_cursor = select(EVENTS.c.hash).where(EVENTS.c.position == cursor.position)
    return cursor == BEGINNING or connection.execute(at_cursor).scalar() == cursor.hash


def move(connection: Connection, shelves: Iterable[Shelf], to: Head) -> None:
    """Say that the lists have taken in everything up to there."""
    names: Sequence[str] = [shelf.name for shelf in shelves]
    connection.execute(delete(CURSORS).where(CURSORS.c.list.in_(names)))
    moved = [{"list": name, "position": to.position, "hash": to.hash} for name in names]
    connection.execute(insert(CURSORS), moved)
