"""Who may: is the step on the map, is it theirs, are they trained, are they on the study or apart from it [P14] [P15] [P16].

Refuses to look at anything but the map, the actor and the study's people.
"""

from collections.abc import Collection

from job_specs.model import Purpose
from tre.custody.commands import Apply, Comment, Recall, Revise, Step, Suspend
from tre.custody.errors import Refusal
from tre.custody.people import Person, Role
from tre.custody.policies.question import Question
from tre.custody.reasons import ReasonCode
from tre.custody.remarks import Audience
from tre.custody.requests import JobRequest
from tre.custody.who_may import without_role, without_training


def step_is_on_the_map(q: Question) -> Refusal | None:
    """A step is taken only from a stage that leads there."""
    if q.step in q.ways:
        return None
    kind = "job request" if isinstance(q.case, JobRequest) else "application"
    ways = ", ".join(sorted(q.ways)) or "nothing: it is closed"
    return Refusal(
        "step-not-on-map",
        f"This {kind} is {q.case.stage}; '{q.step}' does not lead on from there.",
        f"What leads on: {ways}.",
        "P13",
    )


def step_is_theirs(q: Question) -> Refusal | None:
    """A step is taken only by someone who holds one of its roles [P16]."""
    owners, _ = q.ways[q.step]
    sentence = f"'{q.step}' is a step for {' or '.join(sorted(owners))}."
    fix = "Ask someone with that role, or ask a maintainer which roles you hold."
    return without_role(q.actor, owners, sentence, fix)


def actor_is_trained(q: Question) -> Refusal | None:
    """An account acts only while its training is in date [P14]; a suspected breach may be reported all the same [P15]."""
    return None if _reports_a_breach(q) else without_training(q.actor, q.day)


def only_an_approver_suspends_without_a_breach(q: Question) -> Refusal | None:
    """Anyone may stop a study by reporting a suspected breach [P15]; any other suspension is an approver's [P4]."""
    if _reports_a_breach(q) or Role.APPROVER in q.actor.roles:
        return None
    return Refusal(
        "suspension-not-yours",
        "Only an approver suspends a study for a reason other than a suspected breach.",
        "Ask an approver; or, if you suspect a breach, report it with the reason 'suspected-breach'.",
        "P15",
    )


def author_is_a_member(q: Question) -> Refusal | None:
    """Only its members act for a study; an approver may withdraw any approval, a maintainer may cancel any run."""
    if _is_a_member(q) or _may_stop_it_from_outside(q):
        return None
    return Refusal(
        "not-a-member",
        "You are not a member of this study.",
        "Ask a member to take this step, or to add you in a revised application.",
        "P16",
    )


def judge_is_independent(q: Question) -> Refusal | None:
    """Nobody approves, checks or releases their own study's work, whatever roles they hold [P4] [P9] [P16]."""
    if is_apart(q, q.actor):
        return None
    return Refusal(
        "own-study",
        f"You are, or were, on this study, or close to it, so '{q.step}' is not for you.",
        "Ask someone who is independent of the study.",
        "P16",
    )


def speaker_is_on_one_side(q: Question) -> Refusal | None:
    """A study is discussed by its members, to be read by everyone, and by those who judge it and are apart from it [P16]."""
    judge = Role.APPROVER if q.step is Step.DISCUSS else Role.OUTPUT_CHECKER
    aside = isinstance(q.command, Comment) and q.command.remark.audience is Audience.CHECKERS
    if (_is_a_member(q) and not aside) or (judge in q.actor.roles and is_apart(q, q.actor)):
        return None
    return Refusal(
        "not-yours-to-discuss",
        "Only the study's members, and those who judge it and are independent of it, take part in this conversation.",
        "If you are a member, write for everyone to read; else ask somebody who is on one of the two sides.",
        "P16",
    )


def is_apart(q: Question, person: Person | None) -> bool:
    """Whether somebody is independent of the study: never on it, did not run the job or write its code and, where the site
    says so, is of no member's team. Nobody is independent whom the site no longer knows and would have to know.
    """
    if person is None:
        return False
    near = set(q.study.members) if q.study is not None else set()
    if isinstance(q.case, JobRequest) and q.case.submissions:
        near |= {q.case.submitter, *q.case.submission.code_authors}
    return person.id not in near and not (q.context.rules.team_is_conflict and person.team in _teams(q, near))


def _teams(q: Question, near: Collection[str]) -> set[str]:
    known = (q.context.people.get(name) for name in near)
    return {person.team for person in known if person is not None} - {""}


def purpose_fits_the_author(q: Question) -> Refusal | None:
    """Maintenance is asked for by maintainers, research by researchers: neither passes for the other [P3] [P16]."""
    wanted = Role.MAINTAINER if q.purpose is Purpose.PLATFORM_MAINTENANCE else Role.RESEARCHER
    if wanted in q.actor.roles:
        return None
    return Refusal(
        "purpose-not-yours",
        f"A {wanted} asks for the purpose '{q.purpose}'.",
        "Choose a purpose that your role may ask for.",
        "P3",
    )


def submitter_is_trained(q: Question) -> Refusal | None:
    """The person on whose word a job runs, or leaves, is still known and trained at that moment [P5] [P14]."""
    submitter = q.context.people.get(q.case.submitter) if isinstance(q.case, JobRequest) else None
    if submitter is not None and submitter.trained_until >= q.day:
        return None
    return Refusal(
        "submitter-training-lapsed",
        "The person who submitted this job is no longer known here, or their training is out of date.",
        "Have their training date renewed, or let another member submit the job again.",
        "P14",
    )


def _reports_a_breach(q: Question) -> bool:
    match q.command:
        case Recall(reason=reason) | Suspend(reason=reason):
            return reason.code is ReasonCode.SUSPECTED_BREACH
        case _:
            return False


def _is_a_member(q: Question) -> bool:
    """On the study as it stands and, where the step changes who is, as it would be: nobody writes themselves in."""
    standing = (q.study.proposal,) if q.study is not None and q.study.proposals else ()
    wanted = (q.command.proposal,) if isinstance(q.command, Apply | Revise) else ()
    asked = (*standing, *wanted)
    return bool(asked) and all(q.actor.id in proposal.members for proposal in asked)


def _may_stop_it_from_outside(q: Question) -> bool:
    """An approver takes back an approval, a maintainer stops a run: in that role, where the map gives it to the role."""
    stops = {Step.WITHDRAW: Role.APPROVER, Step.CANCEL: Role.MAINTAINER}
    role = stops.get(q.step)
    return role is not None and role in q.actor.roles and role in q.ways[q.step][0]
