"""The queue: what waits for a checker who is independent of it, oldest first, with a clock of five working days [P9] [P16].

Refuses to show what is one's own study's, and to say how anyone has voted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from litestar.response import Redirect, Template

from tre.custody.people import Role
from tre.custody.requests import RequestStage
from tre.custody.working_days import PROMISED, working_days
from tre.records.read_models import RequestRow, StudyRow
from tre.records.read_models.listing import Listing, Wanted
from tre.records.review_desk import Held
from tre.views import sight
from tre.web.asking import Ask, unclear
from tre.web.inside.doors import Inside
from tre.web.lists import page_asked
from tre.web.routes import shows, takes
from tre.web.who import those

OPEN = (
    RequestStage.CHECKED,
    RequestStage.VOTED,
    RequestStage.REVIEWED,
    RequestStage.PART_SIGNED_OFF,
    RequestStage.SIGNED_OFF,
)
TO_VOTE_ON = (RequestStage.CHECKED, RequestStage.VOTED)
CHECKERS = those(Role.OUTPUT_CHECKER)


@dataclass(frozen=True)
class Line:
    """A request in the queue: its row, how many working days it has waited, and who is at it."""

    row: RequestRow
    days: int
    held: tuple[Held, ...]

    @property
    def late(self) -> bool:
        """Whether the promised days have passed."""
        return self.days > PROMISED


@shows("/review", CHECKERS)
def queue(ask: Ask, inside: Inside) -> Template:
    """What waits, oldest first, without what is one's own study's."""
    found, lines = lines_of(ask, inside)
    return ask.page("inside/queue.html", lines=lines, place=found, load=inside.desk.load(ask.now.timestamp()))


def lines_of(ask: Ask, inside: Inside) -> tuple[Listing[RequestRow], list[Line]]:
    """One page of what waits, with how long each has waited and who is at it."""
    found = _listing(ask, inside, [stage.value for stage in OPEN], page_asked(ask))
    held = inside.desk.held([row.id for row in found.rows], ask.now.timestamp())
    lines = [
        Line(row, working_days(_day(row.offered_at), ask.now.date()), held.get(row.id, ()))
        for row in found.rows
    ]
    return found, lines


@takes("/review/next", CHECKERS)
def next_one(ask: Ask, inside: Inside) -> Redirect:
    """Take up the request that has waited longest."""
    return ask.go(f"/review/{taken_up(ask, inside)}")


def taken_up(ask: Ask, inside: Inside) -> str:
    """The request that has waited longest, that nobody else is enough at, and that one may judge: claimed.

    Raises:
        Refusal: nothing waits for this person.
    """
    for row in _waiting(ask, inside):
        case = inside.common.service.request(row.id)
        voted = ask.person.id in {vote.checker for vote in case.votes}
        apart = sight(ask.person, case, inside.common.service.study_of(case)).inside
        if apart and not voted and inside.desk.claim(row.id, ask.person.id, ask.now.timestamp()):
            return row.id
    raise unclear("queue", "holds nothing that waits for you")


@takes("/review/{job:str}/claim", CHECKERS)
def claim(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Say that one is at a request, or stays at it."""
    if not inside.desk.claim(job, ask.person.id, ask.now.timestamp()):
        raise unclear("request", "has enough checkers at it; take another")
    return ask.go(f"/review/{job}")


@takes("/review/{job:str}/leave", CHECKERS)
def leave(ask: Ask, inside: Inside, job: str) -> Redirect:
    """Let go of a request."""
    inside.desk.leave(job, ask.person.id)
    return ask.go("/review")


def _listing(ask: Ask, inside: Inside, stages: list[str], page: int) -> Listing[RequestRow]:
    models = inside.common.read_models
    models.catch_up()
    mine = models.ids(StudyRow, Wanted(newest="position", holds={"members": ask.person.id}, size=1000))
    wanted = Wanted(
        newest="offered_at",
        where={"stage": stages},
        without={"study": mine, "submitter": [ask.person.id]},
        page=page,
        size=25,
        oldest_first=True,
    )
    return models.listing(RequestRow, wanted)


def _waiting(ask: Ask, inside: Inside) -> Iterator[RequestRow]:
    page, last = 1, 1
    while page <= last:
        found = _listing(ask, inside, [stage.value for stage in TO_VOTE_ON], page)
        last, page = found.last, page + 1
        yield from found.rows


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date() if moment else date.max


ROUTES = (queue, next_one, claim, leave)
