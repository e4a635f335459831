"""What people are told, until it has been sent: written down once for each event and person, tried again until it left [P15].

Folded from the ledger beside it, so that a crash loses no notice and sends none twice by itself. Refuses a message that
holds more than a sentence, a reason's code and a place to look.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from tre.custody.notices import Notice
from tre.records.beside import OUTBOX, OUTBOX_READ, lay_out
from tre.records.database import reading, writing
from tre.records.envelope import Envelope
from tre.records.ledger import Ledger

Notices = Callable[[Envelope], Sequence[Notice]]

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given-up"
MOST_TRIES = 12
FIRST_WAIT_SECONDS = 60
LONGEST_WAIT_SECONDS = 6 * 3600
STUCK_AFTER = 3
"""After so many tries in vain somebody should look why."""


@dataclass(frozen=True)
class Message:
    """One thing that one person is told; ``id`` is the same however often it is sent."""

    id: str
    person: str
    what: str
    why: str
    where: str
    at: str
    tries: int


class Outbox:
    """The messages beside one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        """The messages beside that ledger; their tables are laid out where they are not."""
        self._ledger = ledger
        self._engine = ledger.engine
        lay_out(self._engine)

    def catch_up(self, notices: Notices) -> int:
        """Write down what is new in the ledger; how many messages that made. A new outbox begins at the ledger's end."""
        made = 0
        with reading(self._engine) as connection:
            after = connection.execute(select(func.max(OUTBOX_READ.c.position))).scalar()
        if after is None:
            self._read_to(self._ledger.head().position)
            return 0
        for envelope in self._ledger.events(after):
            found = notices(envelope)
            with writing(self._engine) as connection:
                made += sum(_keep(connection, envelope, each) for each in found)
                connection.execute(update(OUTBOX_READ).values(position=envelope.position))
        return made

    def add(self, message_id: str, notice: Notice, *, at: str) -> bool:
        """Write down a message that no event made, such as a day's digest; false where it was written down before."""
        with writing(self._engine) as connection:
            return _insert(connection, message_id, notice, at)

    def due(self, now: float, most: int = 200) -> tuple[Message, ...]:
        """Messages to be sent now, the oldest first."""
        query = select(OUTBOX).where(OUTBOX.c.state == WAITING, OUTBOX.c.next_at <= now)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(OUTBOX.c.at, OUTBOX.c.id).limit(most)).all()
        return tuple(
            Message(row.id, row.person, row.what, row.why, row.place, row.at, row.tries) for row in rows
        )

    def sent(self, message: Message) -> None:
        """A message has left."""
        self._change(message, state=SENT)

    def failed(self, message: Message, now: float) -> None:
        """A message did not leave: later again, and after many tries never."""
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**message.tries)
        state = GIVEN_UP if message.tries + 1 >= MOST_TRIES else WAITING
        self._change(message, state=state, tries=message.tries + 1, next_at=now + wait)

    def counts(self) -> dict[str, int]:
        """How many messages wait, were sent, and were given up."""
        query = select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state)
        with reading(self._engine) as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def stuck(self, since: str) -> int:
        """How many messages do not leave: tried at least ``STUCK_AFTER`` times, and written down since that moment (ISO)."""
        query = select(func.count()).where(
            OUTBOX.c.state != SENT, OUTBOX.c.tries >= STUCK_AFTER, OUTBOX.c.at >= since
        )
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def _change(self, message: Message, **values: object) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.id == message.id).values(values))

    def _read_to(self, position: int) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(OUTBOX_READ), {"position": position})


def _keep(connection: Connection, envelope: Envelope, notice: Notice) -> bool:
    at = envelope.at.isoformat()
    return _insert(connection, f"{envelope.position}.{notice.person}", notice, at)


def _insert(connection: Connection, message_id: str, notice: Notice, at: str) -> bool:
    if connection.execute(select(OUTBOX.c.id).where(OUTBOX.c.id == message_id)).first() is not None:
        return False
    row = {
        "id": message_id,
        "person": notice.person,
        "what": notice.what,
        "why": notice.why,
        "place": notice.where,
        "at": at,
        "state": WAITING,
        "tries": 0,
        "next_at": 0.0,
    }
    connection.execute(insert(OUTBOX), row)
    return True
