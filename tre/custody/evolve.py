"""``evolve(case, event) -> case``: what a case is after something happened. Never refuses: history already happened.

The next stage is read from the map, never decided here.
"""

from collections.abc import Iterable
from dataclasses import replace

from tre.custody import events as e
from tre.custody.carry import standing_of
from tre.custody.cases import AnyCase
from tre.custody.commands import Step
from tre.custody.errors import Malformed
from tre.custody.law import LAW, Change, Law
from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.lists import LISTS, Lists
from tre.custody.outputs import FileContext, Vote
from tre.custody.remarks import Said
from tre.custody.requests import Job, JobRequest, JobState
from tre.custody.retention import RETENTION, Retention
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
    e.Assessed: Step.ASSESS,
    e.Discussed: Step.DISCUSS,
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
    e.Described: Step.DESCRIBE,
    e.Commented: Step.COMMENT,
    e.PartSignedOff: Step.SIGN_OFF_PART,
    e.PartReleased: Step.RELEASE_PART,
}


def new_case(kind: str, case_id: str) -> AnyCase:
    """A case before its first event; ``kind`` is the first word of its events' names.

    Raises:
        Malformed: for a kind of case that does not exist.
    """
    if kind == "application":
        return Application(case_id)
    if kind == "request":
        return JobRequest(case_id)
    if kind == LAW:
        return Law(case_id)
    if kind == LISTS:
        return Lists(case_id)
    if kind == RETENTION:
        return Retention(case_id)
    raise Malformed(f"there is no kind of case called {kind!r}")


def evolve(case: AnyCase, event: e.Event) -> AnyCase:
    """The case after the event."""
    if isinstance(case, Law):
        return _law(case, event)
    if isinstance(case, Lists):
        return _lists(case, event)
    if isinstance(case, Retention):
        return _retention(case, event)
    if isinstance(case, JobRequest):
        return _request(replace(case, stage=REQUEST[case.stage][STEP_OF[type(event)]][1]), event)
    return _application(case.at(APPLICATION[case.stage][STEP_OF[type(event)]][1]), event)


def fold(case: AnyCase, events: Iterable[e.Event]) -> AnyCase:
    """The case after all the events, in order."""
    for event in events:
        case = evolve(case, event)
    return case


def _law(case: Law, event: e.Event) -> Law:
    match event:
        case e.LawBegun(bundle):
            return case.with_standing(bundle)
        case e.LawProposed(proposer, bundle, _):
            return replace(case, waits=(Change(proposer, bundle),))
        case e.LawAdopted():
            return case.with_standing(case.waits[-1].bundle)
        case _:
            return replace(case, waits=())


def _lists(case: Lists, event: e.Event) -> Lists:
    match event:
        case e.ListsAnnounced(backend, lists):
            return case.with_coming(backend, lists)
        case e.ListsPutInForce(backend, lists, store):
            after = case.with_in_force(backend, lists)
            return after.with_coming(backend, ()) if store else after
        case e.ExemptionsPutInForce(document):
            return replace(case, exemptions=document)
        case _:
            return case


def _retention(case: Retention, event: e.Event) -> Retention:
    match event:
        case e.DeletionOrdered(things):
            return case.ordered(things)
        case e.DeletionCertified(spared, _, _):
            return case.certified(spared)
        case e.PeopleRemembered(things):
            return case.remembering(things)
        case _:
            return case


def _application(case: Application, event: e.Event) -> Application:
    match event:
        case e.Applied(proposal) | e.Revised(proposal):
            return case.revised(proposal)
        case e.Approved(approval):
            return replace(case, approvals=(*case.approvals, approval))
        case e.Assessed(word):
            return case.assess(word)
        case e.Discussed(comment):
            return replace(case, comments=(*case.comments, comment))
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
        case e.Checked():
            return _offered_again(case, event)
        case e.Described(contexts):
            return _described(case, contexts)
        case e.Voted(checker, files):
            return replace(case, votes=_with_words(case.votes, Vote(checker, files)))
        case e.Commented(person, remark):
            return replace(case, remarks=(*case.remarks, Said(person, case.round, remark)))
        case e.Resubmitted(withheld, _):
            stands = standing_of(case)
            again = replace(case, offered=(), left_out=(), votes=(), carried=(), standing=stands)
            return replace(again, withheld=(*case.withheld, *withheld))
        case _:
            return _leaving(case, event)


def _leaving(case: JobRequest, event: e.Event) -> JobRequest:
    match event:
        case e.PartSignedOff(_, paths):
            return replace(case, signed=paths)
        case e.Released(statement):
            return replace(case, statements=(*case.statements, statement))
        case e.PartReleased(statement):
            gone = {file.path for file in statement.files}
            rest = tuple(file for file in case.offered if file.path not in gone)
            return replace(case, statements=(*case.statements, statement), offered=rest, signed=())
        case _:
            return case


def _offered_again(case: JobRequest, event: e.Checked) -> JobRequest:
    again = replace(
        case,
        policy=event.policy,
        offered=event.offered,
        left_out=(),
        round=case.round + 1,
        votes=(),
        carried=event.carried,
        standing=(),
        contexts=(*case.contexts, *event.contexts),
        signed=(),
    )
    return _parted(again)


def _parted(case: JobRequest) -> JobRequest:
    """The case with what its members leave out taken off the offer, and put back where they no longer do."""
    out = {each.path for each in case.contexts if each.left_out}
    offered = tuple(each for each in case.asked if each.path not in out)
    return replace(case, offered=offered, left_out=tuple(each for each in case.asked if each.path in out))


def _described(case: JobRequest, contexts: tuple[FileContext, ...]) -> JobRequest:
    """The contexts as they are now; what was said of a file under another context no longer counts."""
    known = {each.path: each for each in case.contexts}
    changed = frozenset(each.path for each in contexts if known.get(each.path) != each)
    kept = tuple(each for each in case.contexts if each.path not in changed)
    new = tuple(each for each in contexts if each.path in changed)
    stripped = replace(case, votes=_without(case.votes, changed), carried=_without(case.carried, changed))
    return _parted(replace(stripped, contexts=(*kept, *new)))


def _without(votes: tuple[Vote, ...], paths: frozenset[str]) -> tuple[Vote, ...]:
    """The votes, without any word on those paths."""
    left = (replace(vote, files=tuple(f for f in vote.files if f.path not in paths)) for vote in votes)
    return tuple(vote for vote in left if vote.files)


def _with_words(votes: tuple[Vote, ...], new: Vote) -> tuple[Vote, ...]:
    """The votes with a checker's newer words in the place of the older ones on the same paths."""
    said = frozenset(file.path for file in new.files)
    mine = [file for vote in votes if vote.checker == new.checker for file in vote.files]
    older = tuple(file for file in mine if file.path not in said)
    others = tuple(vote for vote in votes if vote.checker != new.checker)
    return (*others, Vote(new.checker, (*older, *new.files)))
