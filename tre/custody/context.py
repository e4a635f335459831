"""What a case cannot know by itself: who acts, the study it belongs to, the law, the opt-out list, the site's rules.

Loaded by the service in the same transaction and handed in as plain data. Refuses to fetch anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from output_checks.model import Confidence
from tre.custody.bases import LegalBases
from tre.custody.errors import require
from tre.custody.lists import ListInForce, Lists
from tre.custody.people import Person
from tre.custody.requests import JobRequest
from tre.custody.studies import Application


@dataclass(frozen=True)
class Rules:
    """The numbers a site may choose, and the digest of the disclosure policy in force [P9] [P10].

    ``votes`` says how many approving checkers a file of each level needs; a level that is absent may not be released.
    ``context_needed``: no vote before a member has said what each file is. ``team_is_conflict``: whoever is of a member's
    team does not judge the study [P16].
    """

    check_policy: str
    votes: Mapping[Confidence, int]
    opt_outs_fresh_for: timedelta
    context_needed: bool = False
    team_is_conflict: bool = False

    def __post_init__(self) -> None:
        require(all(needed >= 2 for needed in self.votes.values()), "two checkers at the least [P9]")  # noqa: PLR2004 - the promise's own number


@dataclass(frozen=True)
class OptOuts:
    """Which opt-out list the open store was built with [P6]."""

    digest: str
    dated: date


@dataclass(frozen=True)
class StoreFacts:
    """Which store an action would read: its version, whom the run leaves out, the day of the national list, and the lists it shows.

    ``opt_outs`` has the digest that a run records: the type 1 list's own, or another where an exemption or the basis changes
    who is left out; ``shown`` are the lists themselves, to be held against those in force. ``of_real_people``: its supply does
    not say that everybody in it is made up. ``canaries``: it is the health jobs' own, of people who are nobody.
    """

    version: str
    opt_outs: OptOuts
    national: date | None = None
    shown: tuple[ListInForce, ...] = ()
    of_real_people: bool = True
    canaries: bool = False


@dataclass(frozen=True)
class Context:
    """Everything outside the case that a decision may rest on.

    ``earlier`` is the request that this one continues; ``law_was_adopted``: two people have put the law in force.
    """

    actor: Person
    rules: Rules
    bases: LegalBases
    people: Mapping[str, Person] = field(default_factory=dict)
    application: Application | None = None
    store: StoreFacts | None = None
    earlier: JobRequest | None = None
    lists: Lists = field(default_factory=Lists)
    law_was_adopted: bool = False


@dataclass(frozen=True)
class Moment:
    """The one reading of the clock that a decision uses everywhere."""

    now: datetime

    def __post_init__(self) -> None:
        require(self.now.tzinfo is not None, "a moment knows its time zone")

    @property
    def day(self) -> date:
        """The day on which dated things are judged, in UTC."""
        return self.now.astimezone(UTC).date()
