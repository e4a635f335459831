"""A case at every stage that there is, told to the ledger as it could have happened: for tests that ask what may be done there."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import job_specs
from job_specs.model import Purpose, Sensitivity
from output_checks.model import Confidence, Verdict
from tre.custody import events as e
from tre.custody.outputs import Decision, FileVote, Offered, Output
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.requests import ActionAsked, ActionKind, Outcome, RequestStage, Submission
from tre.custody.studies import Application, ApplicationStage, Approval, Proposal

STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
R, A = RequestStage, ApplicationStage
PATH = "output/table.csv"
KEY = "e" * 64
WHY = Reason(ReasonCode.NEEDS_CHANGES)


Way = list[tuple[str, e.Event]]


class Ways:
    """The events that lead to each stage, and who caused each: pure, for tests and for the table of who may do what."""

    def __init__(self, proposal: Proposal, now: datetime, put: Callable[[bytes], str], policy: str) -> None:
        self.proposal, self.now, self.policy = proposal, now, policy
        self.raw, self.report = put(b"sex,people\nF,10\n"), put(b"{}")
        self.spec = put((STUDY / "project.yaml").read_bytes())
        self.code = put(b"{}")
        self.paths: tuple[str, ...] = (PATH,)
        self.second = "dan"
        """The checker whose vote is the second, and who signs off."""
        self.objected: tuple[str, ...] = ()
        """The paths that the first checker wants changed."""

    def of_study(self, stage: ApplicationStage) -> Way:
        """How an application came to a stage."""
        asked = self.proposal
        approval = Approval("ben", asked.starts, asked.ends, asked.datasets, ())
        applied, approved = ("ada", e.Applied(asked)), ("ben", e.Approved(approval))
        ways: dict[ApplicationStage, Way] = {
            A.NEW: [],
            A.APPLIED: [applied],
            A.RETURNED: [applied, ("ben", e.Returned(WHY))],
            A.APPROVED: [applied, approved],
            A.SUSPENDED: [applied, approved, ("ben", e.Suspended(WHY))],
            A.REJECTED: [applied, ("ben", e.Rejected(WHY))],
            A.WITHDRAWN: [applied, approved, ("ada", e.Withdrawn(WHY))],
            A.EXPIRED: [applied, approved, ("platform", e.Expired(self.now.date() - timedelta(days=1)))],
        }
        return ways[stage]

    def of_request(self, study: str, stage: RequestStage) -> Way:
        """How a job request came to a stage."""
        begun = self._begun(study)
        ran = [*begun, ("platform", e.Landed("table", self._outputs(), "")), ("platform", e.Finished())]
        checked = [*ran, ("platform", e.Checked(self.policy, self._offered()))]
        voted = [*checked, ("cleo", e.Voted("cleo", self._votes(self.objected)))]
        reviewed = [*voted, (self.second, e.Voted(self.second, self._votes()))]
        signed = [*reviewed, (self.second, e.SignedOff(self.second, (self.raw,)))]
        statement = Statement(self.report, "5" * 128, (ReleasedFile(PATH, self.raw),))
        released = [*signed, ("platform", e.Released(statement))]
        part = [*reviewed, (self.second, e.PartSignedOff(self.second, (PATH,), (self.raw,)))]
        ways: dict[RequestStage, Way] = {
            R.NEW: [],
            R.SUBMITTED: begun[:1],
            R.RUNNING: begun,
            R.LANDED: ran,
            R.CHECKED: checked,
            R.VOTED: voted,
            R.REVIEWED: reviewed,
            R.RETURNED: [*checked, ("cleo", e.ChangesRequested(WHY))],
            R.PART_SIGNED_OFF: part,
            R.SIGNED_OFF: signed,
            R.RELEASED: released,
            R.FAILED: [*begun, ("platform", e.Failed("table", Outcome.FAILED, self.raw))],
            R.CANCELLED: [*begun, ("ada", e.Cancelled(WHY))],
            R.REFUSED: [*checked, ("cleo", e.Refused(WHY))],
            R.RECALLED: [*released, ("gus", e.Recalled(Reason(ReasonCode.SUSPECTED_BREACH)))],
        }
        return ways[stage]

    def submission(self, study: str) -> Submission:
        """What was handed in."""
        return Submission(
            application=study,
            purpose=Purpose.COVID_19_RESEARCH,
            spec=self.spec,
            code=self.code,
            datasets=self.proposal.datasets,
            actions=(ActionAsked("table", ActionKind.AGGREGATE, (), KEY),),
        )

    def _begun(self, study: str) -> Way:
        submission = self.submission(study)
        started = e.Started("table", "sha256:" + KEY, KEY, KEY, self.now.date())
        return [("ada", e.Submitted("ada", submission)), ("platform", started)]

    def _outputs(self) -> tuple[Output, ...]:
        return tuple(Output("table", path, self.raw, 17, Sensitivity.MODERATE) for path in self.paths)

    def _offered(self) -> tuple[Offered, ...]:
        known = (self.raw, self.raw, self.report, Confidence.PROVED, Verdict.CLEAN)
        return tuple(Offered(path, *known) for path in self.paths)

    def _votes(self, objected: tuple[str, ...] = ()) -> tuple[FileVote, ...]:
        words = {path: Decision.CHANGES if path in objected else Decision.APPROVE for path in self.paths}
        return tuple(FileVote(path, self.raw, word) for path, word in words.items())


class Told(Ways):
    """Tells cases to a site's ledger."""

    def __init__(self, common: Any, proposal: Proposal, now: datetime) -> None:
        super().__init__(proposal, now, common.documents.put, common.service.rules.check_policy)
        self.common = common

    def study(self, case_id: str, stage: ApplicationStage) -> str:
        """An application at a stage."""
        return self.tell("application", case_id, self.of_study(stage))

    def request(self, case_id: str, study: str, stage: RequestStage) -> str:
        """A job request at a stage."""
        return self.tell("request", case_id, self.of_request(study, stage))

    def tell(self, kind: str, case_id: str, events: Sequence[tuple[str, e.Event]]) -> str:
        """Append what happened, each event by its own person."""
        for seq, (person, event) in enumerate(events):
            self.common.service.ledger.append(
                kind,
                case_id,
                (event,),
                expected_seq=seq,
                actor=person,
                at=self.now,
                policy=self.common.site.policy,
            )
        return case_id


def stage_of(common: Any, kind: str, case_id: str) -> str:
    """Where a case stands now."""
    case = common.service.study(case_id) if kind == "application" else common.service.request(case_id)
    assert isinstance(case, Application) == (kind == "application")
    return str(case.stage.value)
