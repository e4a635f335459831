"""Studies: the list, one application section by section, its revisions side by side, and every step that is taken on it.

Refuses to show an application that was never approved to anybody but its members and those who judge or watch.
"""

from litestar.response import Redirect, Template

from tre.custody.commands import Step
from tre.custody.people import Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.studies import Application, ApplicationStage, Section
from tre.records.read_models import RequestRow, StudyRow, Wanted
from tre.web.asking import Ask, unclear
from tre.web.errors import not_there
from tre.web.lists import filter_asked, page_asked, query_of, words_asked
from tre.web.outside.application_form import datasets_of
from tre.web.outside.application_view import changes_between, columns_asked, sections_of, steps_for
from tre.web.outside.doors import Outside
from tre.web.routes import shows, takes
from tre.web.who import SIGNED_IN, takers

SEE_ALL = frozenset(Role) - {Role.RESEARCHER, Role.PLATFORM, Role.OUTPUT_CHECKER}
STAGES = tuple(stage.value for stage in ApplicationStage if stage is not ApplicationStage.NEW)
EVER_APPROVED = ("approved", "suspended", "withdrawn", "expired")
SHORT = 20
REASONS = {
    "return": (ReasonCode.NEEDS_CHANGES, ReasonCode.CONTEXT_MISSING),
    "reject": (ReasonCode.OUT_OF_SCOPE, ReasonCode.NOT_COVID_19, ReasonCode.NO_PUBLIC_BENEFIT),
    "suspend": (ReasonCode.CONDITIONS_BROKEN, ReasonCode.SUSPECTED_BREACH, ReasonCode.ERROR),
    "reinstate": (ReasonCode.RESOLVED, ReasonCode.ERROR),
    "withdraw": (ReasonCode.NO_LONGER_NEEDED, ReasonCode.CONDITIONS_BROKEN),
}


def sees(person: Person, study: Application) -> bool:
    """Whether this person may read the application: a member, a judge or watcher; anybody here once it was approved [P12]."""
    return bool(study.approvals) or person.id in study.members or bool(SEE_ALL & person.roles)


@shows("/studies", SIGNED_IN)
def studies(ask: Ask, outside: Outside) -> Template:
    """One's own studies and drafts; for approvers and watchers, every study."""
    models, person = outside.common.read_models, ask.person
    models.catch_up()
    everything = bool(SEE_ALL & person.roles)
    stage = filter_asked(ask, "stage", STAGES)
    wanted = Wanted(
        "changed_at",
        {"stage": stage} if stage else {},
        {} if everything else {"members": person.id},
        words=words_asked(ask),
        within=("title", "organisation", "id"),
        page=page_asked(ask),
        size=SHORT,
    )
    return ask.page(
        "outside/studies.html",
        studies=models.listing(StudyRow, wanted),
        drafts=ask.common.accounts.drafts(person.id),
        everything=everything,
        may_apply=bool({Role.RESEARCHER, Role.MAINTAINER} & person.roles),
        stages=STAGES,
        stage=stage,
        words=words_asked(ask),
        query=query_of(stage=stage, words=words_asked(ask)),
    )


@shows("/studies/{case_id:str}", SIGNED_IN)
def study_page(ask: Ask, outside: Outside, case_id: str) -> Template:
    """One application: its sections, the columns it asks for, its jobs, and what may be done."""
    study, models = _found(ask, outside, case_id), outside.common.read_models
    models.catch_up()
    return ask.page(
        "outside/study.html",
        study=study,
        sections=sections_of(study, outside.common.documents.get),
        columns=columns_asked(outside, study),
        steps=steps_for(ask.person, study),
        member=ask.person.id in study.members,
        jobs=models.listing(RequestRow, Wanted("submitted_at", {"study": case_id}, size=SHORT)),
        reasons=REASONS,
    )


@shows("/studies/{case_id:str}/changes", SIGNED_IN)
def study_changes(ask: Ask, outside: Outside, case_id: str) -> Template:
    """Two revisions side by side: by default the last two."""
    study = _found(ask, outside, case_id)
    before, after = revisions(ask, study)
    changes = changes_between(study.proposals[before - 1], study.proposals[after - 1])
    return ask.page("outside/study_changes.html", study=study, before=before, after=after, changes=changes)


@takes("/studies/{case_id:str}/sections/{section:str}/assess", takers(Step.ASSESS))
def assess(ask: Ask, outside: Outside, case_id: str, section: str) -> Redirect:
    """Agree to one section, or say what must change in it."""
    _found(ask, outside, case_id)
    agreed = ask.form.text("do") == "agree"
    note = ask.note(ask.form.text("note"))
    outside.common.service.assess(ask.by, case_id, _section(section), agreed=agreed, note=note)
    return ask.go(f"/studies/{case_id}#section-{section}")


@takes("/studies/{case_id:str}/sections/{section:str}/discuss", takers(Step.DISCUSS))
def discuss(ask: Ask, outside: Outside, case_id: str, section: str) -> Redirect:
    """Say something about one section."""
    _found(ask, outside, case_id)
    note = ask.note(ask.form.required("note"))
    outside.common.service.discuss(ask.by, case_id, _section(section), note)
    return ask.go(f"/studies/{case_id}#section-{section}")


@takes("/studies/{case_id:str}/approve", takers(Step.APPROVE).again())
def approve(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Approve, for dates, columns and conditions [P4] [P8]."""
    _found(ask, outside, case_id)
    outside.common.service.approve(
        ask.by,
        case_id,
        starts=ask.form.day("starts"),
        ends=ask.form.day("ends"),
        datasets=datasets_of(ask.form.every("column"), outside.common.catalogue),
        conditions=tuple(line.strip() for line in ask.form.text("conditions").splitlines() if line.strip()),
    )
    return ask.go(f"/studies/{case_id}")


@takes("/studies/{case_id:str}/return", takers(Step.RETURN).again())
def return_(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Send it back for changes."""
    outside.common.service.return_(ask.by, _found(ask, outside, case_id).id, _reason(ask, "return"))
    return ask.go(f"/studies/{case_id}")


@takes("/studies/{case_id:str}/reject", takers(Step.REJECT).again())
def reject(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Say no."""
    outside.common.service.reject(ask.by, _found(ask, outside, case_id).id, _reason(ask, "reject"))
    return ask.go(f"/studies/{case_id}")


@takes("/studies/{case_id:str}/suspend", takers(Step.SUSPEND))
def suspend(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Stop a study for now; anybody may, on a suspected breach [P15]."""
    outside.common.service.suspend(ask.by, _found(ask, outside, case_id).id, _reason(ask, "suspend"))
    return ask.go(f"/studies/{case_id}")


@takes("/studies/{case_id:str}/reinstate", takers(Step.REINSTATE).again())
def reinstate(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Put a suspended study back."""
    outside.common.service.reinstate(ask.by, _found(ask, outside, case_id).id, _reason(ask, "reinstate"))
    return ask.go(f"/studies/{case_id}")


@takes("/studies/{case_id:str}/withdraw", takers(Step.WITHDRAW).again())
def withdraw(ask: Ask, outside: Outside, case_id: str) -> Redirect:
    """Take a study, or its approval, back for good."""
    outside.common.service.withdraw(ask.by, _found(ask, outside, case_id).id, _reason(ask, "withdraw"))
    return ask.go(f"/studies/{case_id}")


def _found(ask: Ask, outside: Outside, case_id: str) -> Application:
    study = outside.common.service.study(case_id)
    if not study.proposals or not sees(ask.person, study):
        raise not_there("study")
    return study


def _reason(ask: Ask, step: str) -> Reason:
    untrusted = ask.form.text("because", most=40) or REASONS[step][0].value
    if untrusted not in REASONS[step]:
        raise unclear("because", "is not one of the reasons offered")
    return Reason(ReasonCode(untrusted), ask.note(ask.form.text("note")))


def _section(untrusted: str) -> Section:
    if untrusted not in set(Section):
        raise not_there("section")
    return Section(untrusted)


def revisions(ask: Ask, study: Application) -> tuple[int, int]:
    """The two revisions that the address asks for: by default the last two."""
    last = len(study.proposals)
    return _revision(ask, "from", max(1, last - 1), last), _revision(ask, "to", last, last)


def _revision(ask: Ask, name: str, default: int, last: int) -> int:
    untrusted = ask.query.get(name, "")
    asked = int(untrusted) if untrusted.isascii() and untrusted.isdecimal() else default
    return asked if 1 <= asked <= last else default


ROUTES = (
    studies, study_page, study_changes, assess, discuss, approve, return_, reject, suspend, reinstate, withdraw,
)  # fmt: skip
