"""A case at every stage that there is, told to the ledger as it could have happened: for tests that ask what may be done there."""

from collections.abc import Sequence
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


class Told:
    """Tells cases to a site's ledger."""

    def __init__(self, common: Any, proposal: Proposal, now: datetime) -> None:
        self.common, self.proposal, self.now = common, proposal, now
        put = common.documents.put
        self.raw, self.report = put(b"sex,people\nF,10\n"), put(b"{}")
        self.spec = put((STUDY / "project.yaml").read_bytes())
        self.code = put(b"{}")
        self.policy = common.service.rules.check_policy

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

    def study(self, case_id: str, stage: ApplicationStage) -> str:
        """An application at a stage."""
        asked = self.proposal
        approval = Approval("ben", asked.starts, asked.ends, asked.datasets, ())
        applied, approved = ("ada", e.Applied(asked)), ("ben", e.Approved(approval))
        ways: dict[ApplicationStage, list[tuple[str, e.Event]]] = {
            A.APPLIED: [applied],
            A.RETURNED: [applied, ("ben", e.Returned(WHY))],
            A.APPROVED: [applied, approved],
            A.SUSPENDED: [applied, approved, ("ben", e.Suspended(WHY))],
            A.REJECTED: [applied, ("ben", e.Rejected(WHY))],
            A.WITHDRAWN: [applied, approved, ("ada", e.Withdrawn(WHY))],
            A.EXPIRED: [applied, approved, ("platform", e.Expired(self.now.date() - timedelta(days=1)))],
        }
        return self.tell("application", case_id, ways[stage])

    def request(self, case_id: str, study: str, stage: RequestStage) -> str:
        """A job request at a stage."""
        return self.tell("request", case_id, self._way(study, stage))

    def _way(self, study: str, stage: RequestStage) -> list[tuple[str, e.Event]]:
        begun = self._begun(study)
        ran = [*begun, ("platform", e.Landed("table", (self._output(),), "")), ("platform", e.Finished())]
        checked = [*ran, ("platform", e.Checked(self.policy, (self._offered(),)))]
        voted = [*checked, ("cleo", e.Voted("cleo", self._yes()))]
        reviewed = [*voted, ("dan", e.Voted("dan", self._yes()))]
        signed = [*reviewed, ("dan", e.SignedOff("dan", (self.raw,)))]
        statement = Statement(self.report, "5" * 128, (ReleasedFile(PATH, self.raw),))
        released = [*signed, ("platform", e.Released(statement))]
        part = [*reviewed, ("dan", e.PartSignedOff("dan", (PATH,), (self.raw,)))]
        ways = {
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
            R.FAILED: [*begun, ("platform", e.Failed("table", Outcome.FAILED, ""))],
            R.CANCELLED: [*begun, ("ada", e.Cancelled(WHY))],
            R.REFUSED: [*checked, ("cleo", e.Refused(WHY))],
            R.RECALLED: [*released, ("gus", e.Recalled(Reason(ReasonCode.SUSPECTED_BREACH)))],
        }
        return ways[stage]

    def _begun(self, study: str) -> list[tuple[str, e.Event]]:
        submission = Submission(
            application=study,
            purpose=Purpose.COVID_19_RESEARCH,
            spec=self.spec,
            code=self.code,
            datasets=self.proposal.datasets,
            actions=(ActionAsked("table", ActionKind.AGGREGATE, (), KEY),),
        )
        started = e.Started("table", "sha256:" + KEY, KEY, KEY, self.now.date())
        return [("ada", e.Submitted("ada", submission)), ("platform", started)]

    def _output(self) -> Output:
        return Output("table", PATH, self.raw, 17, Sensitivity.MODERATE)

    def _offered(self) -> Offered:
        return Offered(PATH, self.raw, self.raw, self.report, Confidence.PROVED, Verdict.CLEAN)

    def _yes(self) -> tuple[FileVote, ...]:
        return (FileVote(PATH, self.raw, Decision.APPROVE),)


def stage_of(common: Any, kind: str, case_id: str) -> str:
    """Where a case stands now."""
    case = common.service.study(case_id) if kind == "application" else common.service.request(case_id)
    assert isinstance(case, Application) == (kind == "application")
    return str(case.stage.value)
