"""The daybook: what was done to the platform itself - paused, resumed, backed up, found ill, an incident - in order [P13].

Chained by hashes as the ledger is, beside it in the same database. It holds words, names and digests; refuses anything
from a row, an entry that is not plain words and numbers, and to read over an entry that was changed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from tre.custody.encoding import canonical
from tre.records.beside import DAYBOOK, lay_out
from tre.records.database import reading, writing
from tre.records.envelope import GENESIS, spell_time
from tre.records.errors import LedgerBroken
from tre.records.ledger import Ledger
from tre.records.wake import announce, ring

Facts = Mapping[str, str | int | float | bool | list[str]]


@dataclass(frozen=True)
class Entry:
    """One thing that was done to the platform."""

    position: int
    kind: str
    at: str
    actor: str
    facts: Mapping[str, Any]


class Daybook:
    """The daybook beside one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """The daybook beside that ledger; its table is laid out where it is not."""
        self._engine = ledger.engine
        lay_out(self._engine)

    def note(self, kind: str, *, actor: str, at: datetime, facts: Facts) -> Entry:
        """Add an entry at the end."""
        newest = select(DAYBOOK).order_by(DAYBOOK.c.position.desc()).limit(1)
        with writing(self._engine) as connection:
            last = connection.execute(newest).first()
            position, previous = (last.position + 1, last.hash) if last else (1, GENESIS)
            row = {"position": position, "kind": kind, "at": spell_time(at), "actor": actor}
            row |= {"facts": canonical(dict(facts)).decode(), "previous": previous}
            connection.execute(insert(DAYBOOK), {**row, "hash": _hash(row)})
            announce(connection)
        ring(self._engine)
        return Entry(position, kind, str(row["at"]), actor, facts)

    def entries(self, *kinds: str) -> tuple[Entry, ...]:
        """The entries of these kinds, or all, oldest first.

        Raises:
            LedgerBroken: an entry was changed, put in or taken out.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(select(DAYBOOK).order_by(DAYBOOK.c.position)).mappings().all()
        previous = GENESIS
        for position, row in enumerate(rows, start=1):
            plain = {name: row[name] for name in ("position", "kind", "at", "actor", "facts", "previous")}
            if row["position"] != position or row["previous"] != previous or row["hash"] != _hash(plain):
                raise _changed(position)
            previous = row["hash"]
        return tuple(_entry(row) for row in rows if not kinds or row["kind"] in kinds)

    def recent(self, *kinds: str, most: int) -> tuple[Entry, ...]:
        """The newest entries of these kinds, oldest first; that none was changed is not proved by this."""
        query = (
            select(DAYBOOK).where(DAYBOOK.c.kind.in_(kinds)).order_by(DAYBOOK.c.position.desc()).limit(most)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(_entry(row) for row in reversed(rows))

    def last(self, *kinds: str) -> Entry | None:
        """The newest entry of these kinds."""
        query = select(DAYBOOK).where(DAYBOOK.c.kind.in_(kinds)).order_by(DAYBOOK.c.position.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _entry(row)


def _entry(row: Mapping[Any, Any]) -> Entry:
    return Entry(row["position"], row["kind"], row["at"], row["actor"], json.loads(row["facts"]))


def _hash(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(dict(row))).hexdigest()


def _changed(position: int) -> LedgerBroken:
    return LedgerBroken(
        "daybook-changed",
        position,
        f"The daybook's entry {position} is not the one that was written there.",
        fix="Keep this database as evidence, tell the data protection officer, and restore a backup.",
    )
