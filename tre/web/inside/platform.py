"""The maintainers' pages: whether the platform runs and is well, who is here, which law stands, what went wrong [P5] [P13] [P15] [P16].

Refuses to say anything of what a study made: it shows the daybook, the people's file and the law, and holds no quarantined byte.
A pause is open to any maintainer at once; to go on again asks for a proof of who it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar.response import Redirect, Template

from tre.custody.law import Bundle, Instrument
from tre.custody.people import Person, Role
from tre.custody.requests import JobState, RequestStage
from tre.records.accounts.passwords import digest_of
from tre.records.daybook import Entry
from tre.records.incidents import CLOSED, DRILLED, OPENED, STOPPED
from tre.records.looks import board_of
from tre.records.read_models import RequestRow
from tre.records.read_models.listing import Wanted
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.inside.doors import Inside
from tre.web.routes import shows, takes
from tre.web.who import SIGNED_IN, those
from tre.worker.gate import DATA_PAUSED, PAUSED, RESUMED

KEEPERS = those(Role.MAINTAINER)
WATCHERS = those(
    Role.MAINTAINER,
    Role.INFORMATION_GOVERNANCE,
    Role.CALDICOTT_GUARDIAN,
    Role.DATA_PROTECTION_OFFICER,
)
DONE = (
    "paused",
    "data-paused",
    "drained",
    "resumed",
    "backed-up",
    "restored",
    "invited",
    OPENED,
    CLOSED,
    DRILLED,
)
"""What is told of the daybook beside the looks at health."""
NEWEST = 30
MOST_MOVING = 200
INVITATION_BYTES = 24
INVITATION_DAYS = 3
DAY_SECONDS = 24 * 3600
SOON_DAYS = 30
CLOSINGS = {"everything": PAUSED, "data": DATA_PAUSED}


@dataclass(frozen=True)
class Incident:
    """A suspected breach that was reported, or a drill: its entry in the daybook, what it stopped, and whether it is closed."""

    entry: Entry
    drill: bool
    closed: bool
    stopped: Mapping[str, Any]


@dataclass(frozen=True)
class Account:
    """Somebody here: their roles, whether they may act, and whether they have set a password."""

    person: Person
    trained: str
    enrolled: bool
    recovery: int


@dataclass(frozen=True)
class Clause:
    """One line of the law in which what waits differs from what stands."""

    name: str
    before: str
    after: str


@shows("/platform", WATCHERS)
def platform(ask: Ask, inside: Inside) -> Template:
    """Whether the platform runs, whether it is well, and what was done to it."""
    return ask.page(
        "inside/platform.html",
        gate=inside.common.gate(),
        running=running_now(inside),
        board=board_of(inside.common.daybook),
        entries=done_to_it(inside),
        keeper=KEEPERS.admits(ask.person),
    )


@takes("/platform/pause", KEEPERS)
def pause(ask: Ask, inside: Inside) -> Redirect:
    """Start nothing new, or nothing that reads the data, until somebody resumes; what runs goes on."""
    close(ask, inside, ask.form.text("what", most=20) or "everything", ask.form.required("why", most=400))
    return ask.go("/platform")


@takes("/platform/resume", KEEPERS.again())
def resume(ask: Ask, inside: Inside) -> Redirect:
    """Start again what a pause kept waiting."""
    go_on(ask, inside)
    return ask.go("/platform")


@shows("/platform/people", WATCHERS)
def people(ask: Ask, inside: Inside) -> Template:
    """Everybody here: roles, teams, training, and who has signed up."""
    return _people(ask, inside)


@takes("/platform/people/{account:str}/invite", KEEPERS.again())
def invite(ask: Ask, inside: Inside, account: str) -> Template:
    """Let somebody set a password and a second factor, by a link that counts once and is shown this one time."""
    return _people(ask, inside, account, invitation(ask, inside, account))


@shows("/platform/law", SIGNED_IN)
def law(ask: Ask, inside: Inside) -> Template:
    """The legal instruments as they stand, and what a second person has yet to adopt."""
    stands, waiting = law_now(ask, inside)
    watches = WATCHERS.admits(ask.person)
    return ask.page("inside/law.html", stands=stands, waiting=waiting, watches=watches)


@shows("/platform/incidents", WATCHERS)
def incidents(ask: Ask, inside: Inside) -> Template:
    """Every suspected breach that was reported, and every drill, the newest first."""
    return ask.page("inside/incidents.html", incidents=reported(inside), watchers=_watchers(inside))


def done_to_it(inside: Inside) -> tuple[Entry, ...]:
    """What was done to the platform, the newest first."""
    return inside.common.daybook.recent(*DONE, most=NEWEST)[::-1]


def reported(inside: Inside) -> list[Incident]:
    """Every suspected breach that was reported, and every drill, the newest first."""
    daybook = inside.common.daybook
    closed = {entry.facts["incident"] for entry in daybook.entries(CLOSED)}
    stopped = {entry.facts["incident"]: entry.facts for entry in daybook.entries(STOPPED)}
    found = daybook.entries(OPENED, DRILLED)[::-1]
    return [
        Incident(
            each,
            each.kind == DRILLED or bool(each.facts.get("drill")),
            each.facts.get("incident") in closed,
            stopped.get(each.facts.get("incident"), each.facts),
        )
        for each in found
    ]


def close(ask: Ask, inside: Inside, untrusted_what: str, why: str) -> None:
    """Pause everything, or what reads the data.

    Raises:
        Refusal: it is neither of the two, or no reason is given.
    """
    if untrusted_what not in CLOSINGS:
        raise unclear("what", "is neither 'everything' nor 'data'")
    if not why.strip():
        raise unclear("why", "is empty")
    _note(ask, inside, CLOSINGS[untrusted_what], {"why": why})


def go_on(ask: Ask, inside: Inside) -> None:
    """End a pause."""
    _note(ask, inside, RESUMED, {"why": ""})


def invitation(ask: Ask, inside: Inside, account: str) -> str:
    """A link by which somebody sets a password and a second factor; it counts once, for some days.

    Raises:
        Refusal: nobody here has that account.
    """
    if account not in inside.common.site.people:
        raise not_there("account")
    secret = inside.common.chance(INVITATION_BYTES).hex()
    expires = int(ask.now.timestamp()) + INVITATION_DAYS * DAY_SECONDS
    inside.common.accounts.invite(digest_of(secret), account, expires=expires)
    _note(ask, inside, "invited", {"account": account})
    return f"{inside.common.settings.address}/welcome/{secret}"


def law_now(ask: Ask, inside: Inside) -> tuple[list[tuple[Instrument, str]], list[tuple[str, list[Clause]]]]:
    """Each instrument with whether it is in force today; and each change that waits, with who proposed it."""
    known, day = inside.common.service.law.now(), ask.now.date()
    stands = known.stood[-1].instruments if known.stood else ()
    waiting = [(each.proposer, [*_changes(known.stood[-1], each.bundle)]) for each in known.waits]
    return [(each, _live(each, day)) for each in stands], waiting


def running_now(inside: Inside) -> int:
    """How many actions have started and not ended, on any host."""
    models, service = inside.common.read_models, inside.common.service
    models.catch_up()
    moving = {"stage": [RequestStage.RUNNING.value]}
    rows = models.listing(RequestRow, Wanted("changed_at", moving, size=MOST_MOVING)).rows
    return sum(job.state is JobState.STARTED for row in rows for job in service.request(row.id).jobs)


def everybody(ask: Ask, inside: Inside) -> list[Account]:
    """Everybody here, by account."""
    return [_account(ask, inside, each) for _, each in sorted(inside.common.site.people.items())]


def _note(ask: Ask, inside: Inside, kind: str, facts: dict[str, str]) -> None:
    inside.common.daybook.note(kind, actor=ask.person.id, at=ask.now, facts=facts)


def _people(ask: Ask, inside: Inside, account: str = "", link: str = "") -> Template:
    found, keeper = everybody(ask, inside), KEEPERS.admits(ask.person)
    return ask.page("inside/people.html", people=found, keeper=keeper, account=account, link=link)


def _account(ask: Ask, inside: Inside, person: Person) -> Account:
    accounts, left = inside.common.accounts, (person.trained_until - ask.now.date()).days
    trained = "expired" if left < 0 else "soon" if left < SOON_DAYS else "approved"
    enrolled = accounts.credentials(person.id) is not None
    return Account(person, trained, enrolled, accounts.recovery_left(person.id))


def _watchers(inside: Inside) -> list[str]:
    watch = {Role.CALDICOTT_GUARDIAN, Role.DATA_PROTECTION_OFFICER}
    return sorted(each.id for each in inside.common.site.people.values() if each.roles & watch)


def _live(instrument: Instrument, day: date) -> str:
    if not instrument.basis.enabled:
        return "off"
    return "approved" if instrument.basis.live_on(day) else "expired"


def _changes(stands: Bundle, wanted: Bundle) -> Iterator[Clause]:
    before = {each.name: _words(each) for each in stands.instruments}
    after = {each.name: _words(each) for each in wanted.instruments}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Clause(name, before.get(name, ""), after.get(name, ""))


def _words(each: Instrument) -> str:
    said: dict[str, Any] = {
        "": each.title,
        "purposes": ", ".join(purpose.value for purpose in each.purposes),
        "from": each.starts,
        "until": each.ends,
        "switched": each.switch.value,
        "opt-outs honoured": ", ".join(rule.value for rule in each.opt_outs),
        "tables": ", ".join(each.datasets),
    }
    return "; ".join(f"{name} {value}".strip() for name, value in said.items())


ROUTES = (platform, pause, resume, people, invite, law, incidents)
