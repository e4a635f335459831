"""An application being written: saved as it is typed, by its author alone, until it is handed in.

Refuses to show somebody's draft to anybody else, and to lose one: it is dropped only when its application was taken.
"""

from litestar.response import Redirect, Response, Template

from job_specs.model import Purpose
from tre.custody.commands import Step
from tre.custody.errors import Refusal
from tre.custody.studies import Proposal
from tre.web.asking import Ask
from tre.web.errors import STATUS, not_there
from tre.web.outside.application_form import as_body, as_data, filled_in, from_body, of_proposal, proposal_of
from tre.web.outside.doors import Outside
from tre.web.routes import shows, takes
from tre.web.who import takers

LONGEST = 200_000
MOST_DRAFTS = 30


@takes("/studies/new", takers(Step.APPLY))
def new_draft(ask: Ask, outside: Outside) -> Redirect:
    """Begin an application."""
    return ask.go(f"/studies/drafts/{begin_draft(ask, outside, '', {'members': [ask.person.id]})}")


@takes("/studies/{case_id:str}/revise", takers(Step.REVISE))
def revise_draft(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Begin a revision of an application, from what it says now."""
    study = outside.common.service.study(case_id)
    if ask.person.id not in study.members:
        raise not_there("study")
    return ask.go(f"/studies/drafts/{begin_draft(ask, outside, case_id, of_proposal(study.proposal))}")


@shows("/studies/drafts/{draft:str}", takers(Step.APPLY))
def draft_page(ask: Ask, outside: Outside, draft: str) -> Template:
    """The form."""
    kept = kept_draft(ask, draft)
    return _form(ask, outside, kept, from_body(kept["body"]))


@takes("/studies/drafts/{draft:str}", takers(Step.APPLY, Step.REVISE))
def save_draft(ask: Ask, outside: Outside, draft: str) -> Template | Redirect | Response[dict[str, str]]:
    """Save it; and, where that is asked, hand it in."""
    kept = kept_draft(ask, draft)
    filled = filled_in(ask.form)
    save_fields(ask, draft, kept["about"], as_body(filled))
    if ask.form.text("do") == "keep":
        return Response({"saved": ask.now.isoformat(timespec="seconds")})
    if ask.form.text("do") != "apply":
        return ask.go(f"/studies/drafts/{draft}")
    try:
        study = _hand_in(ask, outside, kept["about"], proposal_of(filled, outside.common.catalogue))
    except Refusal as told:
        return _form(ask, outside, kept, filled, told=told)
    ask.common.accounts.drop_draft(draft, ask.person.id)
    return ask.go(f"/studies/{study}")


@takes("/studies/drafts/{draft:str}/drop", takers(Step.APPLY))
def drop_draft(ask: Ask, draft: str) -> Redirect:
    """Let go of it."""
    ask.common.accounts.drop_draft(draft, ask.person.id)
    return ask.go("/studies")


def _hand_in(ask: Ask, outside: Outside, about: str, proposal: Proposal) -> str:
    service, study = outside.common.service, about or outside.common.new_id("study")
    take = service.revise if about else service.apply
    return take(ask.by, study, proposal).id


def begin_draft(ask: Ask, outside: Outside, about: str, filled: dict[str, list[str]]) -> str:
    """Begin a draft; its name."""
    if len(ask.common.accounts.drafts(ask.person.id)) >= MOST_DRAFTS:
        raise Refusal(
            "too-many-drafts", f"You have {MOST_DRAFTS} drafts.", "Hand one in, or let one go.", "P4"
        )
    draft = outside.common.new_id("draft")
    save_fields(ask, draft, about, as_body(filled))
    return draft


def save_fields(ask: Ask, draft: str, about: str, body: str) -> None:
    """Save a draft of one's own."""
    now = int(ask.now.timestamp())
    whole = len(body) <= LONGEST
    if not whole or not ask.common.accounts.keep_draft(draft, ask.person.id, about=about, body=body, now=now):
        raise Refusal("form-unclear", "This draft is too long to be kept.", "Shorten it.", "P4")


def kept_draft(ask: Ask, draft: str) -> dict[str, str]:
    """A draft of one's own."""
    kept = ask.common.accounts.draft(draft, ask.person.id)
    if kept is None:
        raise not_there("draft")
    return kept


def _form(
    ask: Ask,
    outside: Outside,
    kept: dict[str, str],
    filled: dict[str, list[str]],
    *,
    told: Refusal | None = None,
) -> Template:
    bases, catalogue = outside.common.service.law.now().bases, outside.common.catalogue
    status = STATUS.get(told.code, 403) if told else 200
    return ask.page(
        "outside/draft.html",
        answered=status,
        draft=kept["id"],
        about=kept["about"],
        saved=kept["saved"],
        told=told,
        said=as_data(filled),
        purposes=[purpose.value for purpose in Purpose],
        bases=[basis for basis in bases.values() if basis.live_on(ask.now.date())],
        tables=catalogue.tables,
        opened={column.partition(".")[0] for column in filled.get("column", [])},
    )


ROUTES = (new_draft, revise_draft, draft_page, save_draft, drop_draft)
