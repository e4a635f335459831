"""The inbox: what happened to one's own studies and jobs since one last looked. It links, and quotes nothing.

Read from the lists, so that it can never say more than they do. Refuses to tell of a case that is not one's own.
"""

from dataclasses import dataclass

from litestar.response import Redirect, Template

from tre.records.read_models import RequestRow, StudyRow, Wanted
from tre.web.asking import Ask
from tre.web.outside.doors import Outside
from tre.web.outside.jobs import own_studies
from tre.web.routes import shows, takes
from tre.web.who import SIGNED_IN

MOST = 50


@dataclass(frozen=True)
class Notice:
    """One thing that happened: to what, what it is now, when, and whether it is new to the reader."""

    path: str
    name: str
    stage: str
    at: str
    position: int
    fresh: bool


@shows("/inbox", SIGNED_IN)
def inbox(ask: Ask, outside: Outside) -> Template:
    """What happened, the newest first."""
    notices = notices_for(ask, outside)
    return ask.page("outside/inbox.html", notices=notices, unread=sum(each.fresh for each in notices))


@takes("/inbox/read", SIGNED_IN)
def read_all(ask: Ask, outside: Outside) -> Redirect:
    """Remember that everything up to now was read."""
    remember_read(ask, outside)
    return ask.go("/inbox")


def remember_read(ask: Ask, outside: Outside) -> None:
    """Remember that everything up to now was read."""
    notices = notices_for(ask, outside)
    ask.common.accounts.see(ask.person.id, max((each.position for each in notices), default=0))


def notices_for(ask: Ask, outside: Outside) -> list[Notice]:
    """The last things that happened to one's own studies and their jobs."""
    models = outside.common.read_models
    models.catch_up()
    seen = ask.common.accounts.seen(ask.person.id)
    studies = own_studies(ask, outside)
    mine = [study.id for study in studies]
    jobs = models.listing(RequestRow, Wanted("submitted_at", {"study": mine}, size=MOST)).rows
    told = [_notice(f"/studies/{row.id}", row.title, row, seen) for row in studies]
    told += [_notice(f"/jobs/{row.id}", f"Job {row.id}", row, seen) for row in jobs]
    return sorted(told, key=lambda each: -each.position)[:MOST]


def _notice(path: str, name: str, row: StudyRow | RequestRow, seen: int) -> Notice:
    return Notice(path, name, row.stage, row.changed_at, row.position, row.position > seen)


ROUTES = (inbox, read_all)
