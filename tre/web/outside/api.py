"""The outside face's API: everything that its pages do, for the command line and for programs.

It says what the pages say, from the same views. Refuses what the core refuses, in the core's words.
"""

from dataclasses import asdict
from datetime import date
from typing import Any

from job_specs.model import Purpose
from tre.custody.commands import Step
from tre.custody.errors import Malformed
from tre.custody.studies import Application, ColumnReason, Proposal, Section
from tre.records.read_models import (
    RegisteredJob,
    RegisteredRelease,
    RegisteredStudy,
    StudyRow,
    Wanted,
)
from tre.views import study_view
from tre.web.api import (
    SHORT,
    Answer,
    Because,
    Body,
    Columns,
    Day,
    Short,
    Text,
    answer,
    asks,
    does,
    listed,
    reason_of,
    scopes_of,
)
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.lists import page_asked
from tre.web.outside.application_view import changes_between, columns_asked, sections_of, steps_for
from tre.web.outside.doors import Outside
from tre.web.outside.studies import SEE_ALL, revisions, sees
from tre.web.who import OWN_ACCOUNT, PUBLIC, SIGNED_IN, takers


class WhyColumn(Body, frozen=True, kw_only=True):
    """Why one column is needed."""

    table: Short
    column: Short
    why: Text


class ProposalBody(Body, frozen=True, kw_only=True):
    """What a study asks for."""

    title: Short
    lay_summary: Text
    organisation: Short
    purpose: Purpose
    legal_basis: Short
    members: list[Short]
    datasets: Columns
    starts: Day
    ends: Day
    public_benefit: Text = ""
    organisations: tuple[Short, ...] = ()
    why: tuple[WhyColumn, ...] = ()
    outputs: tuple[Short, ...] = ()
    funding: Text = ""
    exemption: Text = ""


class ApprovalBody(Body, frozen=True, kw_only=True):
    """What is given: dates, tables and columns, conditions."""

    starts: Day
    ends: Day
    datasets: Columns
    conditions: tuple[Short, ...] = ()


class AssessmentBody(Body, frozen=True, kw_only=True):
    """An approver's word on one section."""

    section: Section
    agreed: bool
    note: Text = ""


class RemarkBody(Body, frozen=True, kw_only=True):
    """Words about one section."""

    section: Section
    note: Text


@asks("/me", OWN_ACCOUNT)
def me(ask: Ask) -> Answer:
    """Who the token's owner is, and what it may do."""
    person = ask.person
    said = {
        "account": person.id,
        "roles": sorted(person.roles),
        "trained_until": person.trained_until.isoformat(),
    }
    tokens = [asdict(each) for each in ask.common.accounts.tokens(person.id)]
    return said | {"scopes": sorted(ask.visitor.scopes), "tokens": tokens}


@asks("/studies", SIGNED_IN)
def api_studies(ask: Ask, outside: Outside) -> Answer:
    """One page of the studies that the token's owner may see."""
    models, person = outside.common.read_models, ask.person
    models.catch_up()
    holds = {} if SEE_ALL & person.roles else {"members": person.id}
    return listed(
        models.listing(StudyRow, Wanted("changed_at", holds=holds, page=page_asked(ask), size=SHORT))
    )


@asks("/studies/{case_id:str}", SIGNED_IN)
def api_study(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """One study."""
    return _study(ask, _seen(ask, outside, case_id))


@asks("/studies/{case_id:str}/columns", SIGNED_IN)
def api_columns(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """Each column that a study asks for: how it could harm, why it is needed, who else uses it [P8]."""
    study = _seen(ask, outside, case_id)
    outside.common.read_models.catch_up()
    return {"study": study.id, "columns": [asdict(each) for each in columns_asked(outside, study)]}


@asks("/studies/{case_id:str}/changes", SIGNED_IN)
def api_study_changes(ask: Ask, outside: Outside, case_id: str) -> Answer:
    """What differs between two revisions of an application; ``?from=`` and ``?to=`` name others than the last two."""
    study = _seen(ask, outside, case_id)
    before, after = revisions(ask, study)
    changes = changes_between(study.proposals[before - 1], study.proposals[after - 1])
    return {"study": study.id, "from": before, "to": after, "changes": [asdict(each) for each in changes]}


@does("/studies", takers(Step.APPLY))
def api_apply(ask: Ask, outside: Outside, data: ProposalBody) -> Answer:
    """Apply for a study."""
    study = outside.common.new_id("study")
    return _study(ask, outside.common.service.apply(ask.by, study, _proposal(data)))


@does("/studies/{case_id:str}/revise", takers(Step.REVISE))
def api_revise(ask: Ask, outside: Outside, case_id: str, data: ProposalBody) -> Answer:
    """Change an application that is not decided yet."""
    _seen(ask, outside, case_id)
    return _study(ask, outside.common.service.revise(ask.by, case_id, _proposal(data)))


@does("/studies/{case_id:str}/approve", takers(Step.APPROVE).again())
def api_approve(ask: Ask, outside: Outside, case_id: str, data: ApprovalBody) -> Answer:
    """Approve a study, for dates, tables and columns, under conditions."""
    _seen(ask, outside, case_id)
    approved = outside.common.service.approve(
        ask.by,
        case_id,
        starts=_day("starts", data.starts),
        ends=_day("ends", data.ends),
        datasets=scopes_of(data.datasets),
        conditions=tuple(data.conditions),
    )
    return _study(ask, approved)


@does("/studies/{case_id:str}/return", takers(Step.RETURN).again())
def api_return(ask: Ask, outside: Outside, case_id: str, data: Because) -> Answer:
    """Send an application back for changes."""
    _seen(ask, outside, case_id)
    return _study(ask, outside.common.service.return_(ask.by, case_id, reason_of(ask, data)))


@does("/studies/{case_id:str}/reject", takers(Step.REJECT).again())
def api_reject(ask: Ask, outside: Outside, case_id: str, data: Because) -> Answer:
    """Reject an application."""
    _seen(ask, outside, case_id)
    return _study(ask, outside.common.service.reject(ask.by, case_id, reason_of(ask, data)))


@does("/studies/{case_id:str}/suspend", takers(Step.SUSPEND))
def api_suspend(ask: Ask, outside: Outside, case_id: str, data: Because) -> Answer:
    """Stop a study for now; anybody may, on a suspected breach."""
    _seen(ask, outside, case_id)
    return _study(ask, outside.common.service.suspend(ask.by, case_id, reason_of(ask, data)))


@does("/studies/{case_id:str}/reinstate", takers(Step.REINSTATE).again())
def api_reinstate(ask: Ask, outside: Outside, case_id: str, data: Because) -> Answer:
    """Put a suspended study back."""
    _seen(ask, outside, case_id)
    return _study(ask, outside.common.service.reinstate(ask.by, case_id, reason_of(ask, data)))


@does("/studies/{case_id:str}/withdraw", takers(Step.WITHDRAW).again())
def api_withdraw(ask: Ask, outside: Outside, case_id: str, data: Because) -> Answer:
    """Withdraw a study, or its approval, for good."""
    _seen(ask, outside, case_id)
    return _study(ask, outside.common.service.withdraw(ask.by, case_id, reason_of(ask, data)))


@does("/studies/{case_id:str}/assess", takers(Step.ASSESS))
def api_assess(ask: Ask, outside: Outside, case_id: str, data: AssessmentBody) -> Answer:
    """Agree to one section of an application, or say what must change in it."""
    _seen(ask, outside, case_id)
    note = ask.note(data.note)
    return _study(
        ask, outside.common.service.assess(ask.by, case_id, data.section, agreed=data.agreed, note=note)
    )


@does("/studies/{case_id:str}/discuss", takers(Step.DISCUSS))
def api_discuss(ask: Ask, outside: Outside, case_id: str, data: RemarkBody) -> Answer:
    """Say something about one section of an application."""
    _seen(ask, outside, case_id)
    if not data.note:
        raise unclear("note", "is empty")
    return _study(ask, outside.common.service.discuss(ask.by, case_id, data.section, ask.note(data.note)))


@asks("/register/studies", PUBLIC)
def api_register_studies(ask: Ask, outside: Outside) -> Answer:
    """One page of the public register's studies."""
    return _registered(ask, outside, RegisteredStudy, "approved_at")


@asks("/register/studies/{study:str}", PUBLIC)
def api_register_study(ask: Ask, outside: Outside, study: str) -> Answer:
    """One study on the public register, with one page of its jobs, and its releases."""
    models = outside.common.read_models
    models.catch_up()
    found = models.row(RegisteredStudy, study)
    if found is None:
        raise not_there("study")
    jobs = Wanted("submitted_at", {"study": study}, page=page_asked(ask), size=SHORT)
    releases = Wanted("released_at", {"study": study}, size=SHORT)
    return asdict(found) | {
        "jobs": listed(models.listing(RegisteredJob, jobs)),
        "releases": listed(models.listing(RegisteredRelease, releases)),
    }


@asks("/register/jobs", PUBLIC)
def api_register_jobs(ask: Ask, outside: Outside) -> Answer:
    """One page of the public register's jobs."""
    return _registered(ask, outside, RegisteredJob, "submitted_at")


@asks("/register/releases", PUBLIC)
def api_register_releases(ask: Ask, outside: Outside) -> Answer:
    """One page of the public register's releases."""
    return _registered(ask, outside, RegisteredRelease, "released_at")


def _registered(ask: Ask, outside: Outside, shape: Any, newest: str) -> Answer:
    outside.common.read_models.catch_up()
    return listed(outside.common.read_models.listing(shape, Wanted(newest, page=page_asked(ask), size=SHORT)))


def _study(ask: Ask, study: Application) -> Answer:
    sections = [
        {
            **each,
            "fields": dict(each["fields"]),
            "assessed": each["assessed"].agreed if each["assessed"] else None,
        }
        for each in sections_of(study, ask.common.documents.get)
    ]
    return answer(study_view(study) | {"sections": sections}, steps_for(ask.person, study))


def _seen(ask: Ask, outside: Outside, case_id: str) -> Application:
    study = outside.common.service.study(case_id)
    if not study.proposals or not sees(ask.person, study):
        raise not_there("study")
    return study


def _proposal(body: ProposalBody) -> Proposal:
    try:
        return Proposal(
            title=body.title,
            lay_summary=body.lay_summary,
            organisation=body.organisation,
            purpose=body.purpose,
            legal_basis=body.legal_basis,
            members=tuple(body.members),
            datasets=scopes_of(body.datasets),
            starts=_day("starts", body.starts),
            ends=_day("ends", body.ends),
            public_benefit=body.public_benefit,
            organisations=tuple(body.organisations),
            why=tuple(ColumnReason(each.table, each.column, each.why) for each in body.why),
            outputs=tuple(body.outputs),
            funding=body.funding,
            exemption=body.exemption,
        )
    except Malformed as error:
        raise unclear("proposal", f"cannot be: {error}") from error


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise unclear(name, "is not a day") from error


READ = (
    me,
    api_studies,
    api_study,
    api_columns,
    api_study_changes,
    api_register_studies,
    api_register_study,
    api_register_jobs,
    api_register_releases,
)
STUDY_STEPS = (
    api_apply, api_revise, api_approve, api_return, api_reject, api_suspend, api_reinstate, api_withdraw, api_assess,
    api_discuss,
)  # fmt: skip
ROUTES = (*READ, *STUDY_STEPS)
