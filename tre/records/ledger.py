"""The ledger: every event of every case, in order, chained by hashes; appending is the only write [P13].

    with ledger.transaction() as tx:
        study, _ = tx.case("application", study_id)
        request, seq = tx.case("request", request_id)
        events = decide(request, command, context(study), moment)
        tx.append("request", request_id, events, expected_seq=seq, actor=who, at=now, policy=digest)

What a transaction reads cannot change before it ends. Refuses an append to a case that has moved, an append of nothing,
an event of another kind of case, and to open a ledger that is not there: an empty ledger in the place of a lost one
would look like a clean history.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Self

from sqlalchemy import URL, Connection, Engine, insert, inspect, select

from tre.custody.cases import AnyCase
from tre.custody.events import Event
from tre.records import database, rows
from tre.records.checkpoint import Checkpoint
from tre.records.envelope import Envelope, open_envelope, wrap
from tre.records.errors import CaseMoved, LedgerRefused, LeftMeanwhile
from tre.records.rows import Draft, Head
from tre.records.schema import EVENTS, FORMAT, FORMATS, LEDGER
from tre.records.verify import Verified, Walk
from tre.records.wake import announce, ring

__all__ = ["Envelope", "Head", "Ledger", "Transaction", "Verified"]

Work = Callable[[Connection], None]
OpenSession = Callable[[Engine], database.Session]


class Transaction:
    """One write to the ledger, for a ``with`` block: read what the decision needs, then append. Nobody else writes meanwhile."""

    def __init__(
        self, session: database.Session, mine: "_Mine", remembered: rows.Remembered | None = None
    ) -> None:
        self._session = session
        self._mine = mine
        self._remembered = remembered
        self._read: dict[tuple[str, str], tuple[AnyCase, int]] = {}
        self._wrote = False

    def __enter__(self) -> Self:
        self._connection = self._session.__enter__()
        self._around, self._mine.open = self._mine.open, self
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._mine.open = self._around
        self._session.__exit__(kind, error, trace)
        if self._wrote and error is None:
            ring(self._session.engine)

    @property
    def connection(self) -> Connection:
        """The transaction itself, for what is kept beside the ledger and must be true together with it."""
        return self._connection

    def case(self, case_kind: str, case_id: str) -> tuple[AnyCase, int]:
        """The case as folded from its events, and how many they are; a new case, and 0, where there are none.

        Raises:
            LedgerRefused: the id belongs to a case of the other kind, or there is no such kind.
            LedgerBroken: an event of it is not as it was written.
        """
        key = (case_kind, case_id)
        if key not in self._read:
            self._read[key] = rows.case_of(self._connection, case_kind, case_id, self._remembered)
        return self._read[key]

    def case_events(self, case_id: str) -> tuple[Envelope, ...]:
        """Every event of the case, in order."""
        return rows.case_events(self._connection, case_id)

    def head(self) -> Head:
        """The last event's position and hash."""
        return rows.head_of(self._connection)

    def require_none_since(self, position: int, kinds: Collection[str], *, but: str) -> None:
        """Insist that since that position nothing of these kinds happened to any case but one.

        Raises:
            LeftMeanwhile: something did.
        """
        if rows.any_since(self._connection, position, kinds, but=but):
            raise LeftMeanwhile

    def append(
        self,
        case_kind: str,
        case_id: str,
        events: Sequence[Event],
        *,
        expected_seq: int,
        actor: str,
        at: datetime,
        policy: str,
    ) -> tuple[Envelope, ...]:
        """Add the events to the end of the case and of the ledger, all or none.

        Args:
            case_kind: ``application`` or ``request``.
            case_id: the case, new or known.
            events: what happened, in order; at least one.
            expected_seq: how many events the case had when the decision was made.
            actor: the account that caused them.
            at: when, with a time zone.
            policy: the digest of the site policy in force.

        Raises:
            CaseMoved: the case has more, or fewer, events than expected.
            LedgerRefused: there is nothing to append, or it cannot be kept word for word.
        """
        draft = Draft(case_kind, case_id, actor, at, policy)
        read = self._read.get((case_kind, case_id))
        found = read[1] if read is not None else rows.seq_of(self._connection, case_kind, case_id)
        if found != expected_seq:
            raise CaseMoved(case_id, expected=expected_seq, found=found)
        new = rows.chain(self.head(), found, draft, events)
        self._connection.execute(insert(EVENTS), new)
        announce(self._connection)
        self._wrote = True
        self._read.pop((case_kind, case_id), None)
        return tuple(map(wrap, new, events))


class _Mine(threading.local):
    """The transaction that is open in this thread, if one is."""

    open: Transaction | None = None


class Ledger:
    """A ledger in a database. Opened, or created, by URL; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mine = _Mine()
        self._remembered: rows.Remembered | None = None

    def remembering(self) -> Self:
        """The same ledger, which from now on folds only what is new of a case it has folded before.

        For a worker, which asks for the same cases over and over. An event that was altered after it was first read is
        found by `verify`, and by whoever reads the case afresh.
        """
        self._remembered = rows.Remembered()
        return self

    @classmethod
    def create(cls, url: str) -> Self:
        """A new, empty ledger.

        Raises:
            LedgerRefused: there is one already, or the database is not one that a ledger can be kept in.
            LedgerUnavailable: the database did not answer.
        """
        parsed = database.parse_url(url)
        path = database.file_of(parsed)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            database.create_file(path)
        return cls._after(_lay_foundations, database.creating, parsed)

    @classmethod
    def open(cls, url: str) -> Self:
        """The ledger at that URL.

        Raises:
            LedgerRefused: there is none, or it was written by another version.
            LedgerUnavailable: the database did not answer.
        """
        parsed = database.parse_url(url)
        path = database.file_of(parsed)
        if path is not None and not path.is_file():
            raise _missing()
        return cls._after(_check_foundations, database.reading, parsed)

    @classmethod
    def _after(cls, work: Work, session: OpenSession, url: URL) -> Self:
        """The ledger at that URL, once the work there has been done; no connection is left behind where it was not."""
        engine = database.connect(url)
        try:
            with session(engine) as connection:
                work(connection)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The database, for the read models beside the ledger; nothing outside this room asks for it."""
        return self._engine

    def transaction(self) -> Transaction:
        """Hold the ledger for writing: read cases, decide, append; all of it is kept, or on any exception none.

        Raises:
            LedgerUnavailable: the database did not answer, or another write took too long.
        """
        return Transaction(database.writing(self._engine), self._mine, self._remembered)

    def append(
        self,
        case_kind: str,
        case_id: str,
        events: Sequence[Event],
        *,
        expected_seq: int,
        actor: str,
        at: datetime,
        policy: str,
    ) -> tuple[Envelope, ...]:
        """Append to one case in a transaction of its own; see `Transaction.append`."""
        with self.transaction() as tx:
            return tx.append(
                case_kind, case_id, events, expected_seq=expected_seq, actor=actor, at=at, policy=policy
            )

    def case(self, case_kind: str, case_id: str) -> tuple[AnyCase, int]:
        """The case as it is now, and its number of events, for looking at only: decide inside a transaction.

        Who asks from within a transaction is answered by it, as of it: nothing is read a second time meanwhile.
        """
        if self._mine.open is not None:
            return self._mine.open.case(case_kind, case_id)
        with database.reading(self._engine) as connection:
            return rows.case_of(connection, case_kind, case_id, self._remembered)

    def case_events(self, case_id: str) -> tuple[Envelope, ...]:
        """Every event of the case, in order; none for a case that is not known."""
        with database.reading(self._engine) as connection:
            return rows.case_events(connection, case_id)

    def case_ids(self, case_kind: str) -> tuple[str, ...]:
        """Every case of that kind, in the order in which they began."""
        query = select(EVENTS.c.case_id).where(EVENTS.c.case_kind == case_kind, EVENTS.c.seq == 1)
        with database.reading(self._engine) as connection:
            return tuple(connection.execute(query.order_by(EVENTS.c.position)).scalars())

    def events(self, after: int = 0) -> Iterator[Envelope]:
        """Every event after that position, in order, a page at a time; each is checked as it is read.

        Raises:
            LedgerBroken: an event is not as it was written.
        """
        return (open_envelope(row) for row in rows.pages_after(self._engine, after))

    def head(self) -> Head:
        """The last event's position and hash."""
        with database.reading(self._engine) as connection:
            return rows.head_of(connection)

    def verify(self, checkpoint: Checkpoint | None = None, *, earlier: Sequence[Checkpoint] = ()) -> Verified:
        """Walk the whole chain, and hold it against what was signed and kept elsewhere.

        Without a checkpoint, a flipped, dropped, moved or inserted event is found; a ledger cut short at its end, or
        made anew from some point on with fitting hashes, is found only by a checkpoint from before that.

        Args:
            checkpoint: the newest checkpoint, its signature already verified by `checkpoint.CheckpointLog`.
            earlier: older ones, which narrow down where a chain was made anew.

        Raises:
            LedgerBroken: with the first position at which it shows.
        """
        walk = Walk((*earlier, checkpoint) if checkpoint is not None else tuple(earlier))
        for row in rows.pages(self._engine):
            walk.step(row)
        with database.reading(self._engine) as connection:
            return walk.end(database.standing_guards(connection))


def _lay_foundations(connection: Connection) -> None:
    if inspect(connection).has_table(FORMATS.name):
        raise LedgerRefused(
            "ledger-exists", "There is a ledger here already.", fix="Open it, or name another place."
        )
    LEDGER.create_all(connection)
    database.put_up_guards(connection)
    connection.execute(insert(FORMATS), {"format": FORMAT})


def _check_foundations(connection: Connection) -> None:
    if not inspect(connection).has_table(FORMATS.name):
        raise _missing()
    if connection.execute(select(FORMATS.c.format)).scalars().all() != [FORMAT]:
        raise LedgerRefused(
            "ledger-of-another-format",
            "This ledger was written by another version of tre.",
            fix="Open it with the version that wrote it.",
        )


def _missing() -> LedgerRefused:
    return LedgerRefused(
        "ledger-missing",
        "There is no ledger at this place.",
        fix="Check the place. To begin a new one, create it; where one was lost, restore it from a backup instead.",
    )
