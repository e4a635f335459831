"""Do the rules that decide for real still say no? Each is asked about a case that must be refused. Refuses to be content with silence."""

from datetime import date, timedelta

from job_specs.model import Purpose, TableScope
from tre.custody.commands import Submit
from tre.custody.context import Context, Moment
from tre.custody.errors import Malformed, Refusal
from tre.custody.people import Person, Role
from tre.custody.requests import ActionAsked, ActionKind, JobRequest, Submission
from tre.custody.studies import Application, ApplicationStage, Approval, Proposal
from tre.health.eyes import DAY, Eyes
from tre.health.found import Found
from tre.health.studies import basis_for_maintenance

FIX = "Stop the worker (`tre worker pause`): an approval that has lapsed would let jobs run."
SCOPE = (TableScope("patients", ("patient_id",)),)
ACTION = ActionAsked("count", ActionKind.AGGREGATE, (), "0" * 64)


def lapsed_approval_is_refused(eyes: Eyes) -> Found:
    """A job of a study whose approval ended yesterday is refused, by the rules that decide for real [P4]."""
    try:
        eyes.decide(*_asked(eyes, ended=-DAY), Moment(eyes.now))
    except Refusal as refusal:
        expected = refusal.code == "approval-lapsed"
        return Found("lapsed-approval", expected, f"refused: {refusal.code}", "" if expected else FIX)
    except Malformed:
        return Found("lapsed-approval", False, "the rules could not be asked", FIX)
    return Found("lapsed-approval", False, "a job of a lapsed study would be let in", FIX)


def live_approval_is_not_refused(eyes: Eyes) -> Found:
    """The same job, of a study whose approval is live, is let in: a service that refuses everybody is ill too."""
    fix = "Read the refusal; a legal basis may have lapsed, or people's training: `tre policy show`."
    try:
        eyes.decide(*_asked(eyes, ended=DAY), Moment(eyes.now))
    except Refusal as refusal:
        return Found("live-approval", False, f"refused: {refusal.code}", fix)
    return Found("live-approval", True, "let in")


def _asked(eyes: Eyes, *, ended: timedelta) -> tuple[JobRequest, Submit, Context]:
    """A submission to a study that is approved until so long from today; it is asked about, and kept nowhere."""
    today = eyes.now.date()
    member = Person("health", frozenset({Role.MAINTAINER}), today + DAY)
    study = _study(eyes, member.id, today + ended)
    digest = "0" * 64
    asked = Submission(study.id, study.proposal.purpose, digest, digest, SCOPE, (ACTION,))
    service = eyes.service
    people = {**service.site.people, member.id: member}
    context = Context(member, service.rules, service.law.now().bases, people, study, None)
    return JobRequest("health"), Submit(asked), context


def _study(eyes: Eyes, member: str, ends: date) -> Application:
    starts = min(eyes.now.date(), ends) - DAY
    proposal = Proposal(
        title="Would this be let in?",
        lay_summary="A question to the rules; it is kept nowhere.",
        organisation=eyes.service.site.name,
        purpose=Purpose.PLATFORM_MAINTENANCE,
        legal_basis=basis_for_maintenance(eyes.service.law.now().bases, eyes.now.date()),
        members=(member,),
        datasets=SCOPE,
        starts=starts,
        ends=ends,
    )
    approval = Approval("an-approver", starts, ends, SCOPE, ())
    return Application("health", ApplicationStage.APPROVED, (proposal,), (approval,))
