"""``decide(case, command, context, moment) -> events``: the one gate. Refuses with the first rule that does not allow the step.

Pure and total: every command either raises a Refusal or gives the events it causes.
"""

from collections.abc import Mapping
from dataclasses import fields

from tre.custody import commands as c
from tre.custody import events as e
from tre.custody.carry import carried_over, inherited, standing_of
from tre.custody.cases import Case
from tre.custody.commands import Command
from tre.custody.context import Context, Moment
from tre.custody.errors import Malformed
from tre.custody.outputs import FileContext
from tre.custody.policies import POLICIES, Policy, Question
from tre.custody.requests import JobRequest
from tre.custody.studies import Approval, Assessment, SectionComment


def decide(
    case: Case,
    command: Command,
    context: Context,
    moment: Moment,
    *,
    policies: tuple[Policy, ...] = POLICIES,
) -> tuple[e.Event, ...]:
    """The events that the command causes, in order.

    Args:
        case: the case as folded so far; a new one for ``apply`` and ``submit``.
        command: what is asked for.
        context: who asks, the study, the law, the store, the site's rules.
        moment: the one reading of the clock.
        policies: the rules, in order; tests take one out at a time.

    Raises:
        Refusal: the first rule that does not allow it.
        Malformed: there are no rules, which is never "everything is allowed".
    """
    if not policies:
        raise Malformed("no policies: nothing can be allowed")
    question = Question(case, command, context, moment)
    for policy in policies:
        refusal = policy.refusal(question)
        if refusal is not None:
            raise refusal
    return (_event(question),)


MIRRORS: Mapping[type[Command], type[e.Event]] = {
    c.Apply: e.Applied,
    c.Revise: e.Revised,
    c.Return: e.Returned,
    c.Reject: e.Rejected,
    c.Withdraw: e.Withdrawn,
    c.Suspend: e.Suspended,
    c.Reinstate: e.Reinstated,
    c.Land: e.Landed,
    c.Fail: e.Failed,
    c.Finish: e.Finished,
    c.Cancel: e.Cancelled,
    c.View: e.Viewed,
    c.RequestChanges: e.ChangesRequested,
    c.Resubmit: e.Resubmitted,
    c.Release: e.Released,
    c.Refuse: e.Refused,
    c.Recall: e.Recalled,
    c.Describe: e.Described,
    c.ReleasePart: e.PartReleased,
}
"""Commands whose event says just what the command said."""


def _event(q: Question) -> e.Event:
    """The event of an allowed command."""
    mirror = MIRRORS.get(type(q.command))
    if mirror is not None:
        return mirror(**{field.name: getattr(q.command, field.name) for field in fields(q.command)})
    return _dated_or_signed(q)


def _dated_or_signed(q: Question) -> e.Event:
    """Events that carry the day, the actor or the store beside what the command said."""
    match q.command:
        case c.Approve(starts, ends, datasets, conditions):
            return e.Approved(Approval(q.actor.id, starts, ends, datasets, conditions))
        case c.Expire():
            return e.Expired(q.day)
        case c.Submit(submission):
            return e.Submitted(q.actor.id, submission)
        case c.Start():
            return _started(q, q.command)
    return _spoken(q)


def _spoken(q: Question) -> e.Event:
    """Events that are one person's word."""
    match q.command:
        case c.CastVote(files):
            return e.Voted(q.actor.id, files)
        case c.Comment(remark):
            return e.Commented(q.actor.id, remark)
        case c.Assess(section, agreed, note):
            return e.Assessed(Assessment(section, q.actor.id, agreed, note))
        case c.Discuss(section, note):
            return e.Discussed(SectionComment(section, q.actor.id, note))
    return _of_an_offer(q)


def _started(q: Question, command: c.Start) -> e.Event:
    store = q.context.store
    if store is None:
        raise Malformed("a start without a store was allowed")
    return e.Started(
        command.action, command.image, store.version, store.opt_outs.digest, store.opt_outs.dated
    )


def _of_an_offer(q: Question) -> e.Event:
    """Events that are about the files on offer."""
    if not isinstance(q.case, JobRequest):
        raise Malformed(f"no event is written for the step {q.step}")
    match q.command:
        case c.Check():
            return _checked(q.case, q.command, q.context.earlier)
        case c.SignOff():
            return e.SignedOff(q.actor.id, tuple(file.digest for file in q.case.offered))
        case c.SignOffPart(paths):
            digests = tuple(file.digest for file in q.case.offered if file.path in paths)
            return e.PartSignedOff(q.actor.id, paths, digests)
    raise Malformed(f"no event is written for the step {q.step}")


def _checked(case: JobRequest, command: c.Check, earlier: JobRequest | None) -> e.Checked:
    """The offer, with the approvals that carry over to it: from this case or, at its first offer, from the one it continues."""
    standing, contexts = standing_of(case), tuple[FileContext, ...]()
    if case.round == 0 and earlier is not None and earlier.id == case.submission.continues:
        standing, contexts = standing_of(earlier), inherited(case, earlier, command.offered)
    votes = carried_over(standing, command.offered, (*case.contexts, *contexts))
    return e.Checked(command.policy, command.offered, votes, contexts)
