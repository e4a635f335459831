"""Reporting a suspected breach: one page, one button, for everybody who has an account, trained or not [P15].

Refuses nobody who may be right. What left is recalled and its study stopped at once; what has not left is stopped with its study.
"""

from dataclasses import replace

from litestar.response import Redirect, Template

from tre.custody.commands import Step
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.routes import shows, takes
from tre.web.who import OWN_ACCOUNT, PUBLIC, takers
from tre.worker.incidents import Reported

REPORTERS = replace(takers(Step.RECALL, Step.SUSPEND), untrained=True)


@shows("/incidents/new", PUBLIC)
def incident_page(ask: Ask) -> Template:
    """What a suspected breach is, and where it is reported."""
    return ask.page("outside/incident.html", about=ask.query.get("about", "")[:100])


@takes("/incidents/new", REPORTERS)
def report(ask: Ask) -> Redirect:
    """Recall what left, stop its study, tell those who watch, freeze the evidence: all that the command does."""
    about = ask.form.required("about", most=100)
    done = stop(ask, about, ask.form.text("note"))
    return ask.go(f"/incidents/done?about={about}&incident={done.incident}")


def stop(ask: Ask, about: str, words: str) -> Reported:
    """Report it, whichever way it came in by."""
    if not ask.common.service.ledger.case_events(about):
        raise not_there("study or release")
    return ask.common.report(ask.by, about, ask.note(words))


@shows("/incidents/done", OWN_ACCOUNT)
def incident_done(ask: Ask) -> Template:
    """What happens next."""
    about = ask.query.get("about", "")
    if not about.replace("-", "").isalnum():
        raise unclear("about", "is not the name of a study or a job")
    incident = ask.query.get("incident", "")[:100]
    return ask.page("outside/incident_done.html", about=about, incident=incident)


ROUTES = (incident_page, report, incident_done)
