"""Deleting what was kept long enough: ordered on the ledger, deleted, certified under the site's signature [P13] [P15].

Each step may be repeated: whoever dies in between leaves an order that waits, and the next run completes it. Refuses to run
while an incident is open; to delete what something needs again since it was ordered; and to certify what it has not looked
for and not found.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tre.custody.context import Moment
from tre.custody.decide_retention import (
    AskedOfRetention,
    Certify,
    Order,
    Remember,
    RetentionCommand,
    decide_retention,
)
from tre.custody.encoding import canonical
from tre.custody.events import DeletionCertified, DeletionOrdered, ListsPutInForce
from tre.custody.frozen import Freeze
from tre.custody.lists import LISTS
from tre.custody.people import Person
from tre.custody.requests import JobRequest
from tre.custody.retention import (
    RETENTION,
    Doomed,
    Ended,
    KeepFor,
    Kept,
    Remembered,
    Retention,
    Table,
    as_retention,
    due,
    named_by,
    to_remember,
)
from tre.custody.statements import STATEMENT_TYPE
from tre.records.daybook import Daybook
from tre.records.envelope import Envelope
from tre.records.errors import VaultRefused
from tre.records.incidents import freezes
from tre.records.ledger import Ledger
from tre.records.seals import Seals

REQUEST = "request"
RAN, FAILED = "retention-run", "retention-failed"
"""What the daybook says of a run."""
PREDICATE_TYPE = "urn:tre:deletion:v1"
LATELY = timedelta(days=1)
"""What was put, or asked for again, within this time is not deleted: somebody may be about to build upon it."""

NEVER = datetime.fromtimestamp(0, UTC)
"""Before this nothing was put: nothing is deleted, and it is only said whether the thing is gone."""

Destroy = Callable[[Doomed, datetime], bool]
"""Delete one thing unless it was put or held since a moment; whether it is gone. Doing it again is doing it once."""


ListPeople = Callable[[JobRequest, Table], str]
"""List who is behind a table of study code that left, of the rows it was counted from; the digest of the lists, which are kept."""


@dataclass(frozen=True)
class Doors:
    """What deleting needs: the way to each kind of thing, the open incidents, whether a release lies where it belongs, who
    lists the people behind a table, and what keeps, signs and checks a certificate.
    """

    destroy: Destroy
    freezes: Callable[[], tuple[Freeze, ...]]
    settled: Callable[[JobRequest], bool]
    people: ListPeople
    keep: Callable[[bytes], str]
    sign: Callable[[bytes], str]
    verifies: Callable[[bytes, str], bool]


@dataclass(frozen=True)
class Site:
    """Whose certificate it is: the site's name, the digest of its policy, and how long it keeps what."""

    name: str
    policy: str
    rules: KeepFor


@dataclass(frozen=True)
class Certified:
    """One certificate: where its event is, the digest of its statement, and the signature over that."""

    position: int
    statement: str
    signature: str

    def told(self, statement: bytes) -> dict[str, Any]:
        """What its statement says.

        Raises:
            VaultRefused: it is the statement of another.
        """
        if hashlib.sha256(statement).hexdigest() != self.statement:
            raise _not_true("The statement is not the one that the certificate names.")
        return dict(json.loads(statement))


class RetentionBook:
    """What one site keeps and deletes."""

    def __init__(self, ledger: Ledger, site: Site, doors: Doors) -> None:
        """The book beside that ledger."""
        self._ledger = ledger
        self._site = site
        self._doors = doors

    def now(self) -> Retention:
        """What waits and what is gone."""
        return as_retention(self._ledger.case(RETENTION, RETENTION)[0])

    def due(self, now: datetime) -> tuple[Doomed, ...]:
        """What may be deleted now: files whose time is over, and versions of stores that were replaced."""
        so_far = self.now()
        files = due(self._requests(), self._site.rules, now, so_far)
        return (*files, *(each for each in self._replaced() if each.key not in so_far.deleted))

    def run(self, person: Person, now: datetime) -> tuple[Doomed, ...]:
        """Complete what waits; then order, delete and certify what is due. Gives what is gone.

        Raises:
            Refusal: an incident is open, or the person may not.
        """
        before = self._complete(person, now) if self.now().waits else ()
        self._remember(person, now)
        things = self.due(now)
        if not things:
            return before
        self._take(Order(things), person, now)
        return (*before, *self._complete(person, now))

    def certificates(self) -> Iterator[Certified]:
        """Every certificate, oldest first."""
        for envelope in self._ledger.case_events(RETENTION):
            if isinstance(envelope.event, DeletionCertified):
                yield Certified(envelope.position, envelope.event.statement, envelope.event.signature)

    def freezes(self) -> tuple[Freeze, ...]:
        """The incidents that keep everything where it is."""
        return self._doors.freezes()

    def verify(self, certified: Certified, statement: bytes) -> int:
        """Check a certificate's signature, and that what it names is gone or is another request's now; how many things it names.

        Raises:
            VaultRefused: the signature does not hold, or something that it names is here and nobody's.
        """
        told = certified.told(statement)
        if not self._doors.verifies(statement, certified.signature):
            raise _not_true("The certificate is not signed by this site.")
        things = tuple(_thing(each) for each in told["subject"])
        here = {each.digest for each in things if not self._doors.destroy(each, NEVER)}
        if here and not here <= self._needed(things):
            raise _not_true("Something that a certificate calls deleted is here.")
        return len(things)

    def verify_all(self, read: Callable[[str], bytes]) -> tuple[int, ...]:
        """Check every certificate, whose statements ``read`` gives by digest; how many things each names. Raises VaultRefused."""
        return tuple(self.verify(each, read(each.statement)) for each in self.certificates())

    def _remember(self, person: Person, now: datetime) -> None:
        """List who is behind every table whose rows are about to go, a request at a time; what is listed stays listed [P10]."""
        so_far = self.now()
        for each in self._requests():
            tables = to_remember(each, self._site.rules, now, so_far)
            if tables and not self._doors.freezes():
                things = tuple(Remembered(*table, self._doors.people(each.case, table)) for table in tables)
                self._take(Remember(things), person, now)

    def _complete(self, person: Person, now: datetime) -> tuple[Doomed, ...]:
        waits = self.now().waits
        needed = self._needed(waits)
        spared = tuple(each.digest for each in waits if not self._is_gone(each, needed, now))
        gone = tuple(each for each in waits if each.digest not in set(spared))
        statement = canonical(self._statement(gone, person, now))
        kept, signature = self._doors.keep(statement), self._doors.sign(statement)
        self._take(Certify(spared, kept, signature), person, now)
        return gone

    def _is_gone(self, thing: Doomed, needed: frozenset[str], now: datetime) -> bool:
        """Whether a thing is gone, having been deleted unless somebody needs it or an incident was opened since."""
        spared = thing.digest in needed or bool(self._doors.freezes())
        return self._doors.destroy(thing, NEVER if spared else now - LATELY)

    def _needed(self, waits: tuple[Doomed, ...]) -> frozenset[str]:
        """The digests of what waits that a request names which is not one that it was ordered for."""
        ordered_for = {each.key for each in waits} | self.now().deleted
        return frozenset(
            digest
            for each in self._requests()
            for _, digest in named_by(each.case, ())
            if (each.case.id, digest) not in ordered_for
        )

    def _requests(self) -> Iterator[Ended]:
        for request in self._ledger.case_ids(REQUEST):
            case = self._ledger.case(REQUEST, request)[0]
            if isinstance(case, JobRequest):
                last = self._ledger.case_events(request)[-1]
                yield Ended(case, last.at, self._doors.settled(case))

    def _replaced(self) -> Iterator[Doomed]:
        """The versions of stores that were in force and are not the newest of their backend."""
        built: dict[str, list[str]] = {}
        for envelope in self._ledger.case_events(LISTS):
            event = envelope.event
            if isinstance(event, ListsPutInForce) and event.store:
                built.setdefault(event.backend, []).append(event.store)
        for backend, versions in sorted(built.items()):
            for version in sorted(set(versions) - {versions[-1]}):
                yield Doomed(Kept.STORES, backend, version)

    def _statement(self, gone: tuple[Doomed, ...], person: Person, now: datetime) -> dict[str, Any]:
        """What the certificate says: which bytes are gone, whose they were, by which rule, on whose word and when."""
        return {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": f"{each.kind}/{each.of}", "digest": {"sha256": each.digest}} for each in gone
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "site": self._site.name,
                "policy": self._site.policy,
                "keptForDays": {kind.value: days for kind, days in sorted(self._site.rules.days.items())},
                "orderedAt": self._ordered().at.isoformat(),
                "order": self._ordered().position,
                "certifiedAt": now.isoformat(),
                "certifiedBy": person.id,
                "copies": "Backups made before lose these files at their next run; see tre backup make.",
            },
        }

    def _ordered(self) -> Envelope:
        events = self._ledger.case_events(RETENTION)
        return next(each for each in reversed(events) if isinstance(each.event, DeletionOrdered))

    def _take(self, command: RetentionCommand, person: Person, now: datetime) -> None:
        asked = AskedOfRetention(person, Moment(now), self._doors.freezes())
        with self._ledger.transaction() as tx:
            case, seq = tx.case(RETENTION, RETENTION)
            events = decide_retention(as_retention(case), command, asked)
            tx.append(
                RETENTION,
                RETENTION,
                events,
                expected_seq=seq,
                actor=person.id,
                at=now,
                policy=self._site.policy,
            )


def run_noted(book: RetentionBook, daybook: Daybook, person: Person, now: datetime) -> tuple[Doomed, ...]:
    """As `RetentionBook.run`; that it was done is noted in the daybook, whether anything was due or not."""
    gone = book.run(person, now)
    daybook.note(RAN, actor=person.id, at=now, facts={"deleted": len(gone)})
    return gone


def doors_of(
    seals: Seals,
    daybook: Daybook,
    keep: Callable[[bytes], str],
    *,
    settled: Callable[[JobRequest], bool],
    people: ListPeople,
    destroy: Destroy,
) -> Doors:
    """The doors of a site: its incidents are the daybook's, and its certificates are signed as its releases are."""
    return Doors(
        destroy=destroy,
        freezes=lambda: freezes(daybook),
        settled=settled,
        people=people,
        keep=keep,
        sign=seals.sign_statement,
        verifies=seals.signed_statement,
    )


def _thing(subject: dict[str, Any]) -> Doomed:
    kind, _, of = str(subject["name"]).partition("/")
    return Doomed(Kept(kind), of, str(subject["digest"]["sha256"]))


def _not_true(sentence: str) -> VaultRefused:
    return VaultRefused(
        "certificate-not-true",
        sentence,
        fix="Keep everything as it is, and tell the data protection officer.",
    )


def lists_of_people(ledger: Ledger) -> Mapping[Table, str]:
    """The digest of who is behind each table of study code whose rows may be gone [P10]."""
    return as_retention(ledger.case(RETENTION, RETENTION)[0]).remembered


def deleted_digests(ledger: Ledger) -> frozenset[str]:
    """The digests of everything that a certificate says is gone; some may have been made again for another request."""
    gone = as_retention(ledger.case(RETENTION, RETENTION)[0]).deleted
    return frozenset(digest for _, digest in gone)
