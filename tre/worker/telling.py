"""Telling people: from the ledger to messages, and from messages to e-mails and calls, each until it has left [P15].

One round takes in what is new, adds the day's digest for each checker, and sends what is due. Refuses to say more than a
notice says, and to let one address that does not answer keep the others waiting.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tre.custody.notices import Notice, of_a_request, of_a_study
from tre.custody.people import Person, Role
from tre.dispatch.post import Hook, Letter, MailServer, NotSent
from tre.records.envelope import Envelope
from tre.records.errors import ListBeingPrepared
from tre.records.outbox import Message, Outbox
from tre.records.read_models import ReadModels, RequestRow
from tre.records.site import Site
from tre.service import APPLICATION, REQUEST, Service
from tre.worker.settings import site_says

LOG = logging.getLogger("tre.telling")
TO_CHECK = ("checked", "voted", "reviewed")


@dataclass(frozen=True)
class Channels:
    """How messages leave: a mail server and people's addresses, a hook, and where the pages are."""

    pages: str
    mail: MailServer | None = None
    addresses: Mapping[str, str] | None = None
    hook: Hook | None = None
    mark: str = ""
    """What every message begins with, such as that it is a drill."""
    only: frozenset[str] | None = None
    """The only people who are told, where not everybody is."""

    def of(self, person: str) -> list[Callable[[Letter], None]]:
        """The ways by which this person is told."""
        ways: list[Callable[[Letter], None]] = []
        if self.only is not None and person not in self.only:
            return ways
        address, mail, hook = (self.addresses or {}).get(person), self.mail, self.hook
        if mail is not None and address:
            ways.append(lambda letter: mail.send(letter, address))
        if hook is not None:
            ways.append(lambda letter: hook.send(letter, person))
        return ways


def channels_of(site: Site, keys: Path) -> Channels:
    """The mail server and the address that a site names, or only its pages. Raises SiteError for what is neither."""
    says = site.notices
    mail, hook = says.get("mail"), says.get("hook")
    return Channels(
        pages=str(says.get("pages", "")),
        mail=site_says("notices", lambda: MailServer(**mail)) if mail else None,
        addresses=site.emails,
        hook=Hook(str(hook), (keys / "notices.key").read_bytes()) if hook else None,
    )


class Telling:
    """Tells people what happened."""

    def __init__(self, service: Service, models: ReadModels, outbox: Outbox, channels: Channels) -> None:
        """``outbox`` remembers what was told; ``channels`` are how it leaves."""
        self._service, self._models = service, models
        self._outbox, self._channels = outbox, channels

    def reaches(self, person: Person) -> bool:
        """Whether a message to this person leaves the house by some way."""
        return bool(self._channels.of(person.id))

    def round(self, now: datetime) -> dict[str, int]:
        """Take in, add the digests, send; how many messages there are of each state afterwards."""
        self._outbox.catch_up(self._notices)
        self._digests(now)
        for message in self._outbox.due(now.timestamp()):
            self._send(message, now)
        return self._outbox.counts()

    def _notices(self, envelope: Envelope) -> tuple[Notice, ...]:
        people, event = self._service.site.people, envelope.event
        if envelope.case_kind == APPLICATION:
            return of_a_study(self._service.study(envelope.case_id), event, envelope.actor, people)
        if envelope.case_kind != REQUEST:
            return ()
        case = self._service.request(envelope.case_id)
        return of_a_request(case, self._service.study_of(case), event, envelope.actor, people=people)

    def _digests(self, now: datetime) -> None:
        """One message a day for each checker, where something waits."""
        try:
            self._models.catch_up()
            waiting = self._waiting()
        except ListBeingPrepared:
            return  # tomorrow's digest names the same, and nobody else's message waits for this one
        if not waiting:
            return
        oldest = min(row.offered_at for row in waiting)[:10]
        what = f"{len(waiting)} job requests wait for output checkers; the oldest since {oldest}."
        for name, person in self._service.site.people.items():
            if Role.OUTPUT_CHECKER in person.roles:
                notice = Notice(name, what, "", "/review")
                self._outbox.add(f"digest-{now.date()}.{name}", notice, at=now.isoformat())

    def _waiting(self) -> tuple[RequestRow, ...]:
        return self._models.requests(stages=TO_CHECK)

    def _send(self, message: Message, now: datetime) -> None:
        letter = self._letter(message)
        try:
            for way in self._channels.of(message.person):
                way(letter)
        except NotSent as error:
            LOG.warning("a notice did not leave", extra={"notice": message.id, "code": str(error)})
            self._outbox.failed(message, now.timestamp())
        else:
            self._outbox.sent(message)

    def _letter(self, message: Message) -> Letter:
        why = (f"Why: {message.why.replace('-', ' ')}.",) if message.why else ()
        where = f"Look here: {self._channels.pages}{message.where}"
        mark = self._channels.mark
        lines = (
            *((mark,) if mark else ()),
            message.what,
            *why,
            where,
            "",
            f"{self._service.site.name}. This message holds no result.",
        )
        return Letter(message.id, f"{mark} tre: {message.what}".strip(), lines)
