"""The first page: what this place is, and what waits for whoever asks. Refuses to count what they may not see."""

from collections.abc import Iterator
from dataclasses import dataclass

from litestar.response import Template

from tre.custody.people import Person, Role
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage
from tre.records.read_models import RequestRow, StudyRow
from tre.web.asking import Ask
from tre.web.outside.doors import Outside
from tre.web.outside.inbox import notices_for
from tre.web.routes import shows
from tre.web.who import PUBLIC

TO_VOTE_ON = (RequestStage.CHECKED, RequestStage.VOTED)


@dataclass(frozen=True)
class Waiting:
    """A thing that may wait for somebody: how many there are, in words, and where."""

    number: int
    words: str
    path: str


@shows("/", PUBLIC)
def home(ask: Ask, outside: Outside) -> Template:
    """The first page."""
    person = ask.visitor.person
    return ask.page("outside/home.html", waiting=[*_waiting(ask, outside, person)] if person else [])


def _waiting(ask: Ask, outside: Outside, person: Person) -> Iterator[Waiting]:
    models = outside.common.read_models
    models.catch_up()
    studies, jobs = models.counts(StudyRow, "stage"), models.counts(RequestRow, "stage")
    if Role.RESEARCHER in person.roles:
        fresh = sum(each.fresh for each in notices_for(ask, outside))
        yield Waiting(fresh, "new in your inbox", "/inbox")
    if Role.APPROVER in person.roles:
        applied = studies.get(ApplicationStage.APPLIED.value, 0)
        yield Waiting(applied, "applications to decide on", "/studies?stage=applied")
    if Role.OUTPUT_CHECKER in person.roles:
        yield Waiting(sum(jobs.get(each.value, 0) for each in TO_VOTE_ON), "requests to review", "/review")
    if Role.MAINTAINER in person.roles:
        moving = sum(jobs.get(each.value, 0) for each in (RequestStage.SUBMITTED, RequestStage.RUNNING))
        yield Waiting(moving, "jobs asked for or running", "/platform")
