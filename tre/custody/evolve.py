"""``evolve(case, event) -> case``: what a case is after something happened. Never refuses: history already happened.

The next stage is read from the map, never decided here.
"""

from collections.abc import Iterable
from dataclasses import replace

from tre.custody import events as e
from tre.custody.cases import Case
from tre.custody.commands import Step
from tre.custody.errors import Malformed
from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.outputs import Vote
from tre.custody.requests import Job, JobRequest, JobState
from tre.custody.studies import Application

STEP_OF: dict[type[e.Event], Step] = {
    e.Applied: Step.APPLY,
    e.Revised: Step.REVISE,
    e.Approved: Step.APPROVE,
    e.Returned: Step.RETURN,
    e.Rejected: Step.REJECT,
    e.Withdrawn: Step.WITHDRAW,
    e.Suspended: Step.SUSPEND,
    e.Reinstated: Step.REINSTATE,
    e.Expired: Step.EXPIRE,
    e.Submitted: Step.SUBMIT,
    e.Started: Step.START,
    e.Landed: Step.LAND,
    e.Failed: Step.FAIL,
    e.Finished: Step.FINISH,
    e.Cancelled: Step.CANCEL,
    e.Checked: Step.CHECK,
    e.Viewed: Step.VIEW,
    e.Voted: Step.VOTE,
    e.ChangesRequested: Step.REQUEST_CHANGES,
    e.Resubmitted: Step.RESUBMIT,
    e.SignedOff: Step.SIGN_OFF,
    e.Released: Step.RELEASE,
    e.Refused: Step.REFUSE,
    e.Recalled: Step.RECALL,
}


def new_case(kind: str, case_id: str) -> Case:
    """A case before its first event; ``kind`` is the first word of its events' names.

    Raises:
        Malformed: for a kind of case that does not exist.
    """
    if kind == "application":
        return Application(case_id)
    if kind == "request":
        return JobRequest(case_id)
    raise Malformed(f"there is no kind of case called {kind!r}")


def evolve(case: Case, event: e.Event) -> Case:
    """The case after the event."""
    if isinstance(case, JobRequest):
        return _request(replace(case, stage=REQUEST[case.stage][STEP_OF[type(event)]][1]), event)
    return _application(case.at(APPLICATION[case.stage][STEP_OF[type(event)]][1]), event)


def fold(case: Case, events: Iterable[e.Event]) -> Case:
    """The case after all the events, in order."""
    for event in events:
        case = evolve(case, event)
    return case


def _application(case: Application, event: e.Event) -> Application:
    match event:
        case e.Applied(proposal) | e.Revised(proposal):
            return replace(case, proposals=(*case.proposals, proposal))
        case e.Approved(approval):
            return replace(case, approvals=(*case.approvals, approval))
        case _:
            return case


def _request(case: JobRequest, event: e.Event) -> JobRequest:
    match event:
        case e.Submitted(submitter, submission):
            jobs = tuple(Job(action) for action in submission.actions)
            return replace(case, submitter=submitter, submissions=(submission,), jobs=jobs)
        case e.Started() | e.Landed() | e.Failed():
            return _job(case, event)
        case _:
            return _review(case, event)


def _job(case: JobRequest, event: e.Started | e.Landed | e.Failed) -> JobRequest:
    job = case.job(event.action)
    if job is None:
        return case
    match event:
        case e.Started(_, image, store, opt_outs):
            started = replace(job, state=JobState.STARTED, image=image, store=store, opt_outs=opt_outs)
            return case.with_job(started)
        case e.Landed(_, outputs, log):
            return case.with_job(replace(job, state=JobState.LANDED, outputs=outputs, log=log))
        case e.Failed(_, outcome, log):
            return case.with_job(replace(job, state=JobState.FAILED, outcome=outcome, log=log))


def _review(case: JobRequest, event: e.Event) -> JobRequest:
    match event:
        case e.Checked(policy, offered):
            return replace(case, policy=policy, offered=offered, round=case.round + 1, votes=())
        case e.Voted(checker, files):
            return replace(case, votes=(*case.votes, Vote(checker, files)))
        case e.Released(statement):
            return replace(case, statements=(*case.statements, statement))
        case e.Resubmitted(withheld, _):
            return replace(case, withheld=(*case.withheld, *withheld), offered=(), votes=())
        case _:
            return case
