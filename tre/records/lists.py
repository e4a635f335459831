"""The lists of opt-outs as the ledger holds them: which are in force, and the verbs that change them [P6].

Every verb is appended before what it is about is done, or is about what was done under an earlier one, so that whoever dies
in between leaves a store that is not read. Refuses what `decide_lists` refuses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tre.custody.context import Moment
from tre.custody.decide_lists import (
    Announce,
    AskedOfLists,
    Built,
    Exempt,
    ListsCommand,
    PutInForce,
    decide_lists,
)
from tre.custody.evolve import fold
from tre.custody.lists import LISTS, ListInForce, Lists, as_lists
from tre.custody.people import Person
from tre.records.ledger import Ledger, Transaction


class ListBook:
    """The lists of one site."""

    def __init__(self, ledger: Ledger, *, policy: str) -> None:
        """``policy`` goes on every event."""
        self._ledger = ledger
        self._policy = policy

    def now(self) -> Lists:
        """The lists as they stand."""
        return as_lists(self._ledger.case(LISTS, LISTS)[0])

    def as_of(self, tx: Transaction) -> Lists:
        """The lists as they stand in this transaction."""
        return as_lists(tx.case(LISTS, LISTS)[0])

    def exempt(self, person: Person, now: datetime, document: str) -> Lists:
        """Put a document of exempt studies in force, named by its digest."""
        return self.take(Exempt(document), AskedOfLists(person, Moment(now)))

    def take(self, command: ListsCommand, asked: AskedOfLists) -> Lists:
        """Ask the gate, and append what it allows.

        Raises:
            Refusal: the first rule that does not allow it.
        """
        with self._ledger.transaction() as tx:
            case, seq = tx.case(LISTS, LISTS)
            events = decide_lists(as_lists(case), command, asked)
            if events:
                who, now = asked.actor.id, asked.moment.now
                tx.append(LISTS, LISTS, events, expected_seq=seq, actor=who, at=now, policy=self._policy)
            return as_lists(fold(case, events))


@dataclass(frozen=True)
class Registrar:
    """The list book in one person's hand: what ingest and the putting in force of a list are given."""

    book: ListBook
    person: Person
    clock: Callable[[], datetime]

    def announce(self, backend: str, lists: Sequence[ListInForce]) -> None:
        """A build is about to bring these."""
        self._take(Announce(backend, tuple(lists)))

    def built(self, backend: str, store: str) -> None:
        """The announced build is there."""
        self._take(Built(backend, store))

    def put_in_force(self, backend: str, listed: ListInForce) -> None:
        """Nothing is read but under this list from now on."""
        self._take(PutInForce(backend, listed))

    def _take(self, command: ListsCommand) -> None:
        self.book.take(command, AskedOfLists(self.person, Moment(self.clock())))
