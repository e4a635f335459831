"""Reading cases from the ledger's rows, and chaining new rows to its end. Refuses to guess which kind a case is."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, bindparam, select

from tre.custody.cases import AnyCase
from tre.custody.errors import Malformed
from tre.custody.events import Event
from tre.custody.evolve import fold, new_case
from tre.custody.outputs import is_digest
from tre.records.database import reading
from tre.records.envelope import (
    GENESIS,
    SCHEMA_VERSION,
    Envelope,
    hash_of,
    hole_in_case,
    open_envelope,
    spell_event,
    spell_time,
    whole,
)
from tre.records.errors import LedgerRefused
from tre.records.schema import EVENTS

_PAGE = 1000
_CASES_AT_ONCE = 400

# Put into words once: every claim, every look and every page asks these.
_OF_CASE_FROM = (
    select(EVENTS)
    .where(EVENTS.c.case_id == bindparam("of"), EVENTS.c.seq >= bindparam("seq"))
    .order_by(EVENTS.c.seq)
)
_LAST = select(EVENTS).order_by(EVENTS.c.position.desc()).limit(1)
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Head:
    """The last event's position and hash; of an empty ledger, 0 and the genesis hash."""

    position: int
    hash: str


@dataclass(frozen=True)
class Draft:
    """What is the same for every event of one append. Cannot be built with a name or digest the ledger would not keep."""

    case_kind: str
    case_id: str
    actor: str
    at: datetime
    policy: str

    def __post_init__(self) -> None:
        for what, name in (("case id", self.case_id), ("actor", self.actor)):
            if not name or len(name) > _LONGEST_NAME or not name.isprintable():
                raise _bad_name(what)
        if not is_digest(self.policy):
            raise LedgerRefused(
                "policy-not-a-digest",
                "An event does not say under which policy it happened.",
                fix="Hand in the SHA-256 of the site policy in force.",
            )

    def fields(self) -> dict[str, Any]:
        """The row's fields that they are."""
        return {**self.__dict__, "at": spell_time(self.at)}


class Remembered:
    """Cases as folded before, each with its number of events and its last hash; the least lately asked for go first."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._cases: OrderedDict[str, tuple[AnyCase, int, str]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, case_id: str) -> tuple[AnyCase, int, str] | None:
        """The case, its number of events, and its last event's hash."""
        with self._lock:
            found = self._cases.get(case_id)
            if found is not None:
                self._cases.move_to_end(case_id)
            return found

    def keep(self, case: AnyCase, seq: int, last: str) -> None:
        """Keep a case for the next time."""
        with self._lock:
            self._cases[case.id] = (case, seq, last)
            self._cases.move_to_end(case.id)
            while len(self._cases) > self._most:
                self._cases.popitem(last=False)


def case_of(
    connection: Connection, case_kind: str, case_id: str, remembered: Remembered | None = None
) -> tuple[AnyCase, int]:
    """The case as folded from its events, and how many they are; only from what is new, where it is remembered.

    Raises:
        LedgerRefused: there is no such kind, or the id belongs to the other one.
        LedgerBroken: an event of it is not as it was written.
    """
    start = _start(case_kind, case_id)
    known = remembered.recall(case_id) if remembered else None
    if known is not None and type(known[0]) is type(start):
        newer = _events_after(connection, case_id, known[1:])
        if newer is not None:
            return _kept(remembered, known[0], newer, newer[-1]) if newer else known[:2]
    envelopes = case_events(connection, case_id)
    if envelopes and envelopes[0].case_kind != case_kind:
        raise _other_kind(case_id)
    return _kept(remembered, start, envelopes, envelopes[-1] if envelopes else None)


def _start(case_kind: str, case_id: str) -> AnyCase:
    try:
        return new_case(case_kind, case_id)
    except Malformed as error:
        raise LedgerRefused(
            "no-such-kind",
            f"There is no kind of case called {case_kind!r}.",
            fix="Use 'application' or 'request'.",
        ) from error


def _kept(
    remembered: Remembered | None, case: AnyCase, newer: Sequence[Envelope], last: Envelope | None
) -> tuple[AnyCase, int]:
    case = fold(case, (envelope.event for envelope in newer))
    if last is None:
        return case, 0
    if remembered is not None:
        remembered.keep(case, last.seq, last.hash)
    return case, last.seq


def _events_after(connection: Connection, case_id: str, last: tuple[int, str]) -> tuple[Envelope, ...] | None:
    """The case's events after one that is known by its place and hash; nothing to go on from where it is not there."""
    found = connection.execute(_OF_CASE_FROM, {"of": case_id, "seq": last[0]}).mappings().all()
    if not found or (found[0]["seq"], found[0]["hash"]) != last:
        return None
    return tuple(open_envelope(_plain(row)) for row in found[1:])


def any_since(connection: Connection, position: int, kinds: Collection[str], *, but: str) -> bool:
    """Whether an event of these kinds happened after that position to any case but one."""
    query = select(EVENTS.c.position).where(EVENTS.c.position > position, EVENTS.c.kind.in_(kinds))
    return connection.execute(query.where(EVENTS.c.case_id != but).limit(1)).first() is not None


def case_events(connection: Connection, case_id: str) -> tuple[Envelope, ...]:
    """Every event of the case, in order.

    Raises:
        LedgerBroken: an event of it is not as it was written, or one is missing between two others.
    """
    if not case_id.isprintable():  # no case has such an id, and not every database can be asked for it
        return ()
    query = select(EVENTS).where(EVENTS.c.case_id == case_id).order_by(EVENTS.c.seq)
    return _whole_case(connection.execute(query).mappings())


def histories(connection: Connection, case_ids: Sequence[str]) -> Iterator[tuple[Envelope, ...]]:
    """Every event of each of these cases, a case at a time; as `case_events`, with far fewer questions."""
    for first in range(0, len(case_ids), _CASES_AT_ONCE):
        asked = EVENTS.c.case_id.in_(case_ids[first : first + _CASES_AT_ONCE])
        found = connection.execute(select(EVENTS).where(asked).order_by(EVENTS.c.case_id, EVENTS.c.seq))
        for _, events in groupby(found.mappings(), key=lambda row: row["case_id"]):
            yield _whole_case(events)


def _whole_case(found: Iterable[RowMapping]) -> tuple[Envelope, ...]:
    envelopes = tuple(open_envelope(_plain(row)) for row in found)
    for seq, envelope in enumerate(envelopes, start=1):
        if envelope.seq != seq:
            raise hole_in_case(envelope.position)
    return envelopes


def head_of(connection: Connection) -> Head:
    """The last event's position and hash."""
    row = connection.execute(_LAST).mappings().first()
    return Head(0, GENESIS) if row is None else Head(whole(_plain(row))["position"], row["hash"])


def seq_of(connection: Connection, case_kind: str, case_id: str) -> int:
    """How many events the case has.

    Raises:
        LedgerRefused: the id belongs to a case of the other kind.
    """
    query = select(EVENTS.c.case_kind, EVENTS.c.seq).where(EVENTS.c.case_id == case_id)
    row = connection.execute(query.order_by(EVENTS.c.seq.desc()).limit(1)).first()
    if row is None:
        return 0
    if row.case_kind != case_kind:
        raise _other_kind(case_id)
    return int(row.seq)


def pages(engine: Engine) -> Iterator[dict[str, Any]]:
    """Every row there is, whatever its position, in order, a page at a time: no long transaction, little memory."""
    return _pages(engine, None)


def pages_after(engine: Engine, position: int) -> Iterator[dict[str, Any]]:
    """Every row after that position, in order, a page at a time."""
    return _pages(engine, position)


def _pages(engine: Engine, after: int | None) -> Iterator[dict[str, Any]]:
    ordered = select(EVENTS).order_by(EVENTS.c.position).limit(_PAGE)
    while True:
        query = ordered if after is None else ordered.where(EVENTS.c.position > after)
        with reading(engine) as connection:
            page = connection.execute(query).mappings().all()
        yield from map(_plain, page)
        if len(page) < _PAGE:
            return
        after = page[-1]["position"]


def chain(head: Head, seq: int, draft: Draft, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The rows that put these events at the end of the ledger and of their case.

    Raises:
        LedgerRefused: there is no event, or one is not of this kind of case or cannot be kept word for word.
    """
    if not events:
        raise LedgerRefused(
            "nothing-to-append", "There is no event to append.", fix="Append what was decided."
        )
    rows: list[dict[str, Any]] = []
    for offset, event in enumerate(events, start=1):
        _check_kind(event, draft.case_kind)
        previous = rows[-1]["hash"] if rows else head.hash
        place = {"position": head.position + offset, "seq": seq + offset, "previous": previous}
        spelled = {"kind": event.kind, "version": SCHEMA_VERSION, "payload": spell_event(event)}
        row = {**draft.fields(), **place, **spelled}
        rows.append({**row, "hash": hash_of(row)})
    return rows


def _plain(row: RowMapping) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _check_kind(event: Event, case_kind: str) -> None:
    if event.kind.partition(".")[0] != case_kind:
        raise LedgerRefused(
            "event-of-another-kind",
            f"An event of the kind {event.kind!r} does not happen to a case of the kind {case_kind!r}.",
            fix="Append each event to the case it was decided for.",
        )


def _bad_name(what: str) -> LedgerRefused:
    return LedgerRefused(
        "name-not-usable",
        f"The {what} of an event is empty, too long, or holds characters that do not print.",
        fix=f"Use at most {_LONGEST_NAME} printable characters.",
    )


def _other_kind(case_id: str) -> LedgerRefused:
    return LedgerRefused(
        "case-of-another-kind",
        f"{case_id!r} is a case of the other kind.",
        fix="Check the id; ids are never shared.",
    )
