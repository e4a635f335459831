"""One method per verb: load the case and what it rests on, ask the core, append what happened. Nothing else writes.

Case, study and append share one transaction, so a decision is never taken on a case that has since moved. Refuses what
``decide`` refuses, in the core's own words.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count

from job_specs.model import TableScope
from tre.custody import commands as c
from tre.custody.cases import AnyCase, Case
from tre.custody.commands import Command
from tre.custody.context import Context, Moment, StoreFacts
from tre.custody.decide import decide
from tre.custody.encoding import canonical, encode
from tre.custody.errors import Malformed
from tre.custody.events import (
    ChangesRequested,
    Event,
    PartReleased,
    PartSignedOff,
    Released,
    SignedOff,
    Submitted,
    Voted,
)
from tre.custody.evolve import fold
from tre.custody.lifecycle import APPLICATION as STUDY_MAP
from tre.custody.outputs import FileContext, FileVote, Offered, Output
from tre.custody.people import PLATFORM, Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.remarks import Remark
from tre.custody.requests import JobRequest, JobState, Outcome, RequestStage, Submission
from tre.custody.statements import Deed, statement_body
from tre.custody.studies import Application, Proposal, Section
from tre.records.claims import Claims
from tre.records.envelope import Envelope
from tre.records.law import LawBook
from tre.records.ledger import Ledger, Transaction
from tre.records.lists import ListBook
from tre.records.site import Site

APPLICATION = "application"
REQUEST = "request"

ON_ITS_WAY = frozenset({RequestStage.SUBMITTED, RequestStage.RUNNING, RequestStage.LANDED})
"""Where a request is still the platform's to move: the same, asked again, is this one."""

LEAVING = frozenset({PartReleased.kind, Released.kind})
"""The events by which something leaves."""

StoreFactsFor = Callable[[JobRequest], StoreFacts | None]
Sign = Callable[[bytes], str]
Keep = Callable[[bytes], str]


@dataclass(frozen=True)
class By:
    """Who takes a step, and when: the one reading of the clock that the step uses."""

    person: Person
    now: datetime


@dataclass(frozen=True)
class Held:
    """A worker's claim on an action, as its end must carry it, and what the result may be known by."""

    token: int
    reuse_key: str = ""


class Service:
    """The verbs of the house."""

    def __init__(
        self,
        ledger: Ledger,
        site: Site,
        *,
        check_policy: str,
        store_facts: StoreFactsFor,
        keep: Keep,
        sign: Sign,
    ) -> None:
        """Wire the verbs.

        Args:
            ledger: the only thing that is written to.
            site: people, legal bases and rules.
            check_policy: digest of the disclosure policy in force.
            store_facts: which store, with which opt-out list, a request would read.
            keep: puts a document into the vault and names it by digest.
            sign: signs a release statement with the site's key.
        """
        self.ledger = ledger
        self.claims = Claims(ledger)
        self.site = site
        self.rules = site.rules(check_policy)
        self.law = LawBook(ledger, site.signers, policy=site.policy)
        self.lists = ListBook(ledger, policy=site.policy)
        self._store_facts = store_facts
        self._keep = keep
        self._sign = sign

    # -- studies ------------------------------------------------------------------------------------------------

    def apply(self, by: By, study: str, proposal: Proposal) -> Application:
        """A researcher applies for a study [P4]."""
        return self._study(study, c.Apply(proposal), by)

    def revise(self, by: By, study: str, proposal: Proposal) -> Application:
        """A member changes the application."""
        return self._study(study, c.Revise(proposal), by)

    def approve(
        self,
        by: By,
        study: str,
        *,
        starts: date,
        ends: date,
        datasets: tuple[TableScope, ...],
        conditions: tuple[str, ...],
    ) -> Application:
        """An approver approves, for dates, tables and columns, under conditions [P4] [P8]."""
        return self._study(study, c.Approve(starts, ends, datasets, conditions), by)

    def return_(self, by: By, study: str, reason: Reason) -> Application:
        """An approver asks for changes."""
        return self._study(study, c.Return(reason), by)

    def assess(self, by: By, study: str, section: Section, *, agreed: bool, note: str = "") -> Application:
        """An approver agrees to one section, or says what must change in it."""
        return self._study(study, c.Assess(section, agreed, note), by)

    def discuss(self, by: By, study: str, section: Section, note: str) -> Application:
        """A member or an approver says something about one section."""
        return self._study(study, c.Discuss(section, note), by)

    def reject(self, by: By, study: str, reason: Reason) -> Application:
        """An approver says no."""
        return self._study(study, c.Reject(reason), by)

    def withdraw(self, by: By, study: str, reason: Reason) -> Application:
        """A member, or an approver, takes the study back for good."""
        return self._study(study, c.Withdraw(reason), by)

    def suspend(self, by: By, study: str, reason: Reason) -> Application:
        """An approver stops a study for now; anyone may, on a suspected breach [P15]."""
        return self._study(study, c.Suspend(reason), by)

    def reinstate(self, by: By, study: str, reason: Reason) -> Application:
        """An approver puts a suspended study back."""
        return self._study(study, c.Reinstate(reason), by)

    def expire(self, by: By, study: str) -> Application:
        """The platform notes that an approval's last day has passed."""
        return self._study(study, c.Expire(), by)

    # -- job requests: the author's verbs ------------------------------------------------------------------------

    def submit(self, by: By, request: str, submission: Submission) -> JobRequest:
        """A member hands in a job request [P3] [P4] [P5] [P8]."""
        return self._request(request, c.Submit(submission), by)

    def submit_once(self, by: By, submission: Submission) -> JobRequest:
        """A member hands in a job request, unless the very same is on its way already: then that one is given.

        The id follows from who asked for what, and from how often that ended before; so however many hands submit the
        same at once, one request is made.
        """
        name = _name_of(by.person.id, submission)
        with self.ledger.transaction() as tx:
            for number in count(1):
                request = name if number == 1 else f"{name}-{number}"
                case = _as_request(tx.case(REQUEST, request)[0])
                if case.stage is RequestStage.NEW:
                    return _as_request(self._take(tx, (REQUEST, request), c.Submit(submission), by))
                if case.stage in ON_ITS_WAY:
                    return case
        raise AssertionError("counting does not end")

    def cancel(self, by: By, request: str, reason: Reason) -> JobRequest:
        """A member takes a request back before it is signed off."""
        return self._request(request, c.Cancel(reason), by)

    def describe(self, by: By, request: str, contexts: tuple[FileContext, ...]) -> JobRequest:
        """A member says what offered files are, before a checker's time is asked for."""
        return self._request(request, c.Describe(contexts), by)

    def resubmit(self, by: By, request: str, *, withheld: tuple[str, ...], note: str) -> JobRequest:
        """A member answers the checkers and offers again."""
        return self._request(request, c.Resubmit(withheld, note), by)

    # -- job requests: the worker's verbs -----------------------------------------------------------------------

    def claim(
        self, now: datetime, request: str, *, action: str, image: str, worker: str
    ) -> tuple[JobRequest, int]:
        """A worker takes an action on: the claim and the start are one append, and so is a takeover's claim.

        An action that a lost worker had started is taken over where that worker's lease has lapsed; everything that may
        stop a start is asked again first.

        Returns:
            The request, and the fencing token that the action's end must carry.

        Raises:
            ClaimHeld: another worker runs it.
            Refusal: the one good reason why it may not start.
        """
        with self.ledger.transaction() as tx:
            case = _as_request(tx.case(REQUEST, request)[0])
            job = case.job(action)
            if job is not None and job.state is JobState.STARTED:
                self._may_start(tx, case.with_job(replace(job, state=JobState.ASKED)), action, now)
            else:
                taken = self._take(tx, (REQUEST, request), c.Start(action, image), By(PLATFORM, now))
                case = _as_request(taken)
            return case, self.claims.take(tx, (request, action), worker, now.timestamp())

    def claim_errand(self, now: datetime, request: str, errand: str, *, worker: str) -> int:
        """A worker takes on something else than an action: checking, releasing, delivering. Gives its token.

        Raises:
            ClaimHeld: another worker is at it.
        """
        with self.ledger.transaction() as tx:
            return self.claims.take(tx, (request, errand), worker, now.timestamp())

    def land(
        self, now: datetime, request: str, *, action: str, outputs: tuple[Output, ...], log: str, claim: Held
    ) -> JobRequest:
        """An action ended well; where it was the last, the request has landed in the same append.

        Raises:
            ClaimLost: another worker took the action over; nothing was written.
        """
        by = By(PLATFORM, now)
        with self.ledger.transaction() as tx:
            self.claims.require(tx, (request, action), claim.token)
            case = _as_request(self._take(tx, (REQUEST, request), c.Land(action, outputs, log), by))
            if claim.reuse_key:
                self.claims.note_made(tx, claim.reuse_key, (request, action))
            if all(job.state is JobState.LANDED for job in case.jobs):
                case = _as_request(self._take(tx, (REQUEST, request), c.Finish(), by))
            return case

    def fail(
        self, now: datetime, request: str, *, action: str, outcome: Outcome, log: str, claim: Held
    ) -> JobRequest:
        """An action ended badly.

        Raises:
            ClaimLost: another worker took the action over; nothing was written.
        """
        with self.ledger.transaction() as tx:
            self.claims.require(tx, (request, action), claim.token)
            command = c.Fail(action, outcome, log)
            return _as_request(self._take(tx, (REQUEST, request), command, By(PLATFORM, now)))

    def finish(self, now: datetime, request: str) -> JobRequest:
        """Every action has landed."""
        return self._request(request, c.Finish(), By(PLATFORM, now))

    def check(
        self, now: datetime, request: str, offered: tuple[Offered, ...], *, errand: str, token: int
    ) -> JobRequest:
        """The automatic checks ran [P10].

        Raises:
            ClaimLost: another worker took the errand over; nothing was written.
        """
        with self.ledger.transaction() as tx:
            self.claims.require(tx, (request, errand), token)
            command = c.Check(self.rules.check_policy, offered)
            return _as_request(self._take(tx, (REQUEST, request), command, By(PLATFORM, now)))

    def release(self, now: datetime, request: str, *, compared: int) -> JobRequest:
        """What was signed off leaves, under a signed statement [P9] [P13].

        ``compared`` is the ledger's position up to which it was compared with everything that had left.

        Raises:
            LeftMeanwhile: something else has left since [P10].
        """
        case = self.request(request)
        return self._let_out(now, case, c.Release(self._statement(case, now, case.offered)), compared)

    def release_part(self, now: datetime, request: str, *, compared: int) -> JobRequest:
        """The part that was signed off leaves, under a signed statement of its own; as `release` [P9] [P10] [P13]."""
        case = self.request(request)
        leaving = tuple(offered for offered in case.offered if offered.path in case.signed)
        return self._let_out(now, case, c.ReleasePart(self._statement(case, now, leaving)), compared)

    def _let_out(self, now: datetime, case: JobRequest, command: Command, compared: int) -> JobRequest:
        with self.ledger.transaction() as tx:
            tx.require_none_since(compared, LEAVING, but=case.id)
            return _as_request(self._take(tx, (REQUEST, case.id), command, By(PLATFORM, now)))

    # -- job requests: the checkers' verbs ----------------------------------------------------------------------

    def view(self, by: By, request: str, digest: str) -> JobRequest:
        """A checker opens a quarantined file; the look is on the ledger before the bytes are [P13]."""
        return self._request(request, c.View(digest), by)

    def vote(self, by: By, request: str, files: tuple[FileVote, ...]) -> JobRequest:
        """A checker votes: on every file that needs a look, blind; or, once both votes are in, anew on some [P9]."""
        return self._request(request, c.CastVote(files), by)

    def comment(self, by: By, request: str, remark: Remark) -> JobRequest:
        """A checker or a member remarks on a file, or on a cell of it."""
        return self._request(request, c.Comment(remark), by)

    def request_changes(self, by: By, request: str, reason: Reason) -> JobRequest:
        """A checker sends the request back to its author."""
        return self._request(request, c.RequestChanges(reason), by)

    def sign_off(self, by: By, request: str) -> JobRequest:
        """A checker who voted signs the request off [P9]."""
        return self._request(request, c.SignOff(), by)

    def sign_off_part(self, by: By, request: str, paths: tuple[str, ...]) -> JobRequest:
        """A checker who voted signs some of the files off; the rest stays open [P9]."""
        return self._request(request, c.SignOffPart(paths), by)

    def refuse(self, by: By, request: str, reason: Reason) -> JobRequest:
        """A checker refuses the request for good."""
        return self._request(request, c.Refuse(reason), by)

    def recall(self, by: By, request: str, note: str = "") -> tuple[JobRequest, Application]:
        """Anyone calls a release back and stops its study, in one act [P15]."""
        reason = Reason(ReasonCode.SUSPECTED_BREACH, note)
        with self.ledger.transaction() as tx:
            recalled = self._take(tx, (REQUEST, request), c.Recall(reason), by)
            study = self._suspended(tx, recalled, reason, by)
        return _as_request(recalled), study

    # -- reading ------------------------------------------------------------------------------------------------

    def study(self, study: str) -> Application:
        """The application with that id, as folded now; a new one where there is none."""
        return _as_study(self.ledger.case(APPLICATION, study)[0])

    def request(self, request: str) -> JobRequest:
        """The job request with that id, as folded now; a new one where there is none."""
        return _as_request(self.ledger.case(REQUEST, request)[0])

    def honours_national(self, study: str) -> bool:
        """Whether the study's legal basis asks that national opt-outs be honoured; yes, where nobody knows the basis [P6]."""
        proposals = self.study(study).proposals
        basis = self.law.now().bases.get(proposals[-1].legal_basis) if proposals else None
        return basis is None or basis.honours_national

    def study_of(self, case: JobRequest) -> Application:
        """The study that a submitted request belongs to."""
        return self.study(case.submission.application)

    def study_ids(self) -> tuple[str, ...]:
        """Every study, in the order in which they were applied for."""
        return self.ledger.case_ids(APPLICATION)

    def request_ids(self) -> tuple[str, ...]:
        """Every job request, in the order in which they were submitted."""
        return self.ledger.case_ids(REQUEST)

    def requests_with_studies(self) -> Iterator[tuple[JobRequest, Application]]:
        """Every job request with its study."""
        for request in self.request_ids():
            case = self.request(request)
            yield case, self.study_of(case)

    def may_start(self, now: datetime, request: str, action: str) -> None:
        """Ask whether an action might start, and change nothing.

        Raises:
            Refusal: the one good reason why it may not.
        """
        with self.ledger.transaction() as tx:
            self._may_start(tx, _as_request(tx.case(REQUEST, request)[0]), action, now)

    def _may_start(self, tx: Transaction, case: Case, action: str, now: datetime) -> None:
        command = c.Start(action, "")
        decide(case, command, self._context(tx, case, command, PLATFORM), Moment(now))

    # -- the one door -------------------------------------------------------------------------------------------

    def _study(self, study: str, command: Command, by: By) -> Application:
        with self.ledger.transaction() as tx:
            return _as_study(self._take(tx, (APPLICATION, study), command, by))

    def _request(self, request: str, command: Command, by: By) -> JobRequest:
        with self.ledger.transaction() as tx:
            return _as_request(self._take(tx, (REQUEST, request), command, by))

    def _take(self, tx: Transaction, key: tuple[str, str], command: Command, by: By) -> Case:
        kind, case_id = key
        found, seq = tx.case(kind, case_id)
        case = _as_request(found) if kind == REQUEST else _as_study(found)
        context = self._context(tx, case, command, by.person)
        events = decide(case, command, context, Moment(by.now))
        tx.append(
            kind, case_id, events, expected_seq=seq, actor=by.person.id, at=by.now, policy=self.site.policy
        )
        after = fold(case, events)
        return _as_request(after) if kind == REQUEST else _as_study(after)

    def _context(self, tx: Transaction, case: Case, command: Command, actor: Person) -> Context:
        law = self.law.as_of(tx)
        return Context(
            actor=actor,
            rules=self.rules,
            bases=law.bases,
            people=self.site.people,
            application=_load_study(tx, case, command),
            store=self._store_for(case, command),
            earlier=_load_earlier(tx, case, command),
            lists=self.lists.as_of(tx),
            law_was_adopted=law.was_adopted,
        )

    def _store_for(self, case: Case, command: Command) -> StoreFacts | None:
        """What a start reads; no other step asks, and everybody who writes waits while a store's signature is checked."""
        if isinstance(command, c.Start) and isinstance(case, JobRequest) and case.submissions:
            return self._store_facts(case)
        return None

    def _suspended(self, tx: Transaction, case: Case, reason: Reason, by: By) -> Application:
        study = _as_request(case).submission.application
        loaded = _as_study(tx.case(APPLICATION, study)[0])
        if c.Step.SUSPEND not in STUDY_MAP[loaded.stage]:
            return loaded
        return _as_study(self._take(tx, (APPLICATION, study), c.Suspend(reason), by))

    def _statement(self, case: JobRequest, now: datetime, leaving: tuple[Offered, ...]) -> Statement:
        files = tuple(ReleasedFile(offered.path, offered.digest) for offered in leaving)
        study = self.study(case.submission.application)
        deeds = _deeds(self.ledger.case_events(case.id))
        said = statement_body(case, study, site=self.site.name, now=now, leaving=leaving, deeds=deeds)
        body = canonical(said)
        return Statement(self._keep(body), self._sign(body), files)


def _name_of(person: str, submission: Submission) -> str:
    """A name that says what was asked, by digest, and nothing else."""
    return f"job-{hashlib.sha256(canonical(encode(Submitted(person, submission)))).hexdigest()[:16]}"


def _load_study(tx: Transaction, case: Case, command: Command) -> Application | None:
    if isinstance(command, c.Submit):
        return _as_study(tx.case(APPLICATION, command.submission.application)[0])
    if isinstance(case, JobRequest) and case.submissions:
        return _as_study(tx.case(APPLICATION, case.submission.application)[0])
    return None


def _load_earlier(tx: Transaction, case: Case, command: Command) -> JobRequest | None:
    """The request that this one says it continues; none where it says nothing, or says something that is not there."""
    submissions = case.submissions if isinstance(case, JobRequest) else ()
    wanted = command.submission if isinstance(command, c.Submit) else (None, *submissions)[-1]
    if wanted is None or not wanted.continues or isinstance(case, Application):
        return None
    earlier, seq = tx.case(REQUEST, wanted.continues)
    return _as_request(earlier) if seq else None


def _deeds(history: Sequence[Envelope]) -> tuple[Deed, ...]:
    """What people did towards a release since it was first offered: by role and time, without names [P13]."""
    steps: Mapping[type[Event], str] = {
        Voted: "vote",
        SignedOff: "sign-off",
        PartSignedOff: "sign-off",
        ChangesRequested: "request-changes",
    }
    return tuple(
        Deed(Role.OUTPUT_CHECKER.value, steps[type(each.event)], each.at)
        for each in history
        if type(each.event) in steps
    )


def _as_study(case: AnyCase) -> Application:
    if not isinstance(case, Application):
        raise Malformed("an application was expected")
    return case


def _as_request(case: AnyCase) -> JobRequest:
    if not isinstance(case, JobRequest):
        raise Malformed("a job request was expected")
    return case
