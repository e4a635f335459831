"""Reporting a suspected breach: one page, one button, for everybody who has an account, trained or not [P15].

Refuses nobody who may be right. What left is recalled and its study stopped at once; what has not left is stopped with its study.
"""

from dataclasses import replace

from litestar.response import Redirect, Template

from tre.custody.commands import Step
from tre.custody.reasons import Reason, ReasonCode
from tre.service import REQUEST
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.outside.doors import Outside
from tre.web.routes import shows, takes
from tre.web.who import OWN_ACCOUNT, PUBLIC, takers

REPORTERS = replace(takers(Step.RECALL, Step.SUSPEND), untrained=True)


@shows("/incidents/new", PUBLIC)
def incident_page(ask: Ask) -> Template:
    """What a suspected breach is, and where it is reported."""
    return ask.page("outside/incident.html", about=ask.query.get("about", "")[:100])


@takes("/incidents/new", REPORTERS)
def report(ask: Ask, outside: Outside) -> Redirect:
    """Recall a release and stop its study; or stop a study."""
    about = ask.form.required("about", most=100)
    stop(ask, outside, about, ask.form.text("note"))
    return ask.go(f"/incidents/done?about={about}")


def stop(ask: Ask, outside: Outside, about: str, words: str) -> None:
    """Recall what left and stop its study; or stop the study."""
    note, service = ask.note(words), outside.common.service
    history = service.ledger.case_events(about)
    if not history:
        raise not_there("study or release")
    if history[0].case_kind == REQUEST:
        service.recall(ask.by, about, note)
    else:
        service.suspend(ask.by, about, Reason(ReasonCode.SUSPECTED_BREACH, note))


@shows("/incidents/done", OWN_ACCOUNT)
def incident_done(ask: Ask) -> Template:
    """What happens next."""
    about = ask.query.get("about", "")
    if not about.replace("-", "").isalnum():
        raise unclear("about", "is not the name of a study or a job")
    return ask.page("outside/incident_done.html", about=about)


ROUTES = (incident_page, report, incident_done)
