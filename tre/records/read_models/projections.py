"""From one case's events to its rows: pure functions, so that the same ledger gives the same rows, always.

Refuses nothing: whatever happened has a row that says so.
"""

from collections.abc import Iterator, Sequence

from tre.custody import events as e
from tre.custody.evolve import fold, new_case
from tre.custody.law import Law
from tre.custody.lists import Lists
from tre.custody.releases import Statement
from tre.custody.requests import JobRequest, JobState
from tre.custody.requests import RequestStage as R
from tre.custody.retention import Retention
from tre.custody.studies import Application
from tre.records.envelope import Envelope, spell_time
from tre.records.read_models.reviews import reviews_of
from tre.records.read_models.shapes import (
    PART,
    RegisteredJob,
    RegisteredRelease,
    RegisteredStudy,
    RequestRow,
    Row,
    StudyRow,
)

PUBLIC_STATUS = {
    R.NEW: "submitted",
    R.SUBMITTED: "submitted",
    R.RUNNING: "running",
    R.LANDED: "in review",
    R.CHECKED: "in review",
    R.VOTED: "in review",
    R.REVIEWED: "in review",
    R.RETURNED: "in review",
    R.PART_SIGNED_OFF: "in review",
    R.SIGNED_OFF: "in review",
    R.RELEASED: "released",
    R.FAILED: "failed",
    R.CANCELLED: "cancelled",
    R.REFUSED: "refused",
    R.RECALLED: "recalled",
}
"""What the public register says of a job: where it stands, and nothing of who said what in its review [P1] [P12]."""


def rows_of(history: Sequence[Envelope]) -> tuple[Row, ...]:
    """Every row, in every list, of the case whose whole history this is."""
    start = new_case(history[0].case_kind, history[0].case_id)
    case = fold(start, (envelope.event for envelope in history))
    if isinstance(case, Application):
        return tuple(_study_rows(case, history))
    if isinstance(case, Law | Lists | Retention):
        return ()
    return tuple(_request_rows(case, history))


def _study_rows(study: Application, history: Sequence[Envelope]) -> Iterator[Row]:
    proposal = study.proposal
    approval = study.approvals[-1] if study.approvals else None
    yield StudyRow(
        id=study.id,
        stage=study.stage.value,
        title=proposal.title,
        purpose=proposal.purpose.value,
        organisation=proposal.organisation,
        legal_basis=proposal.legal_basis,
        members=proposal.members,
        approver=approval.approver if approval else "",
        approved_from=approval.starts.isoformat() if approval else "",
        approved_until=approval.ends.isoformat() if approval else "",
        approved_columns=tuple(
            f"{scope.table}.{column}" for scope in approval.datasets for column in scope.columns
        )
        if approval
        else (),
        applied_at=_when(history, e.Applied),
        changed_at=spell_time(history[-1].at),
        position=history[-1].position,
    )
    if approval:
        yield RegisteredStudy(
            id=study.id,
            title=proposal.title,
            purpose=proposal.purpose.value,
            lay_summary=proposal.lay_summary,
            public_benefit=proposal.public_benefit,
            organisations=proposal.organisations,
            funding=proposal.funding,
            organisation=proposal.organisation,
            legal_basis=proposal.legal_basis,
            datasets=tuple(scope.table for scope in approval.datasets),
            starts=approval.starts.isoformat(),
            ends=approval.ends.isoformat(),
            approved_at=_when(history, e.Approved),
            status=study.stage.value,
        )


def _request_rows(request: JobRequest, history: Sequence[Envelope]) -> Iterator[Row]:
    submission = request.submission
    yield RequestRow(
        id=request.id,
        study=submission.application,
        stage=request.stage.value,
        purpose=submission.purpose.value,
        submitter=request.submitter,
        actions=len(request.jobs),
        landed=sum(job.state is JobState.LANDED for job in request.jobs),
        round=request.round,
        files=len(request.offered),
        voters=len(request.votes),
        described=sum(bool(request.context_of(offered.path)) for offered in request.offered),
        offered_at=_when(history, e.Checked),
        submitted_at=_when(history, e.Submitted),
        changed_at=spell_time(history[-1].at),
        position=history[-1].position,
    )
    yield RegisteredJob(
        id=request.id,
        study=submission.application,
        purpose=submission.purpose.value,
        submitted_at=_when(history, e.Submitted),
        status=PUBLIC_STATUS[request.stage],
    )
    yield from reviews_of(request.id, submission.application, history)
    left = [each for each in history if isinstance(each.event, e.Released | e.PartReleased)]
    for number, envelope in enumerate(left, start=1):
        if isinstance(envelope.event, e.Released | e.PartReleased):
            name = request.id if number == 1 else f"{request.id}{PART}{number}"
            moment, recalled = spell_time(envelope.at), _when(history, e.Recalled)
            yield _release(request, name, envelope.event.statement, (moment, recalled))


def _release(
    request: JobRequest, name: str, statement: Statement, moments: tuple[str, str]
) -> RegisteredRelease:
    released_at, recalled_at = moments
    return RegisteredRelease(
        id=name,
        request=request.id,
        study=request.submission.application,
        files=tuple(f"{file.path} {file.digest}" for file in statement.files),
        statement=statement.digest,
        signature=statement.signature,
        released_at=released_at,
        recalled_at=recalled_at,
    )


def _when(history: Sequence[Envelope], kind: type[e.Event]) -> str:
    """When an event of that kind last happened; ``""`` if it never did."""
    moments = [spell_time(envelope.at) for envelope in history if isinstance(envelope.event, kind)]
    return moments[-1] if moments else ""
