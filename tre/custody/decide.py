"""``decide(case, command, context, moment) -> events``: the one gate. Refuses with the first rule that does not allow the step.

Pure and total: every command either raises a Refusal or gives the events it causes.
"""

from collections.abc import Mapping
from dataclasses import fields

from tre.custody import commands as c
from tre.custody import events as e
from tre.custody.cases import Case
from tre.custody.commands import Command
from tre.custody.context import Context, Moment
from tre.custody.errors import Malformed
from tre.custody.policies import POLICIES, Policy, Question
from tre.custody.requests import JobRequest
from tre.custody.studies import Approval


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
    c.Check: e.Checked,
    c.View: e.Viewed,
    c.RequestChanges: e.ChangesRequested,
    c.Resubmit: e.Resubmitted,
    c.Release: e.Released,
    c.Refuse: e.Refused,
    c.Recall: e.Recalled,
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
        case c.CastVote(files):
            return e.Voted(q.actor.id, files)
    return _signed_off(q)


def _started(q: Question, command: c.Start) -> e.Event:
    store = q.context.store
    if store is None:
        raise Malformed("a start without a store was allowed")
    return e.Started(
        command.action, command.image, store.version, store.opt_outs.digest, store.opt_outs.dated
    )


def _signed_off(q: Question) -> e.Event:
    if not isinstance(q.command, c.SignOff) or not isinstance(q.case, JobRequest):
        raise Malformed(f"no event is written for the step {q.step}")
    return e.SignedOff(q.actor.id, tuple(file.digest for file in q.case.offered))
