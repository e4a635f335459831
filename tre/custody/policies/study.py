"""Whether the study may: known, approved today, for this purpose, on a live legal basis, for these columns [P3] [P4] [P5] [P8].

Refuses to know any instrument or purpose by its dates: both come in as data.
"""

from job_specs.model import TableScope
from tre.custody.bases import RELEASABLE_PURPOSES, LegalBasis
from tre.custody.commands import Approve, Assess, Submit
from tre.custody.errors import Refusal
from tre.custody.policies.question import Question
from tre.custody.requests import JobRequest
from tre.custody.studies import ApplicationStage, beyond


def study_is_known(q: Question) -> Refusal | None:
    """A job request belongs to a study that exists, and to no other."""
    study = q.context.application
    if study is not None and study.proposals and study.id == _named_study(q):
        return None
    return Refusal(
        "study-unknown",
        "This job names a study that is not known here.",
        "List the studies you are on with `tre study list`, and name one of them.",
        "P4",
    )


def approval_is_live(q: Question) -> Refusal | None:
    """Only a study that is approved, today, runs, is reviewed or released [P4]."""
    study = q.study
    if study is None or study.stage is not ApplicationStage.APPROVED:
        stage = study.stage if study else "unknown"
        return Refusal(
            "not-approved",
            f"The study is {stage}, not approved.",
            "Nothing of it runs or leaves until an approver approves it.",
            "P4",
        )
    if study.approval.live_on(q.day):
        return None
    return Refusal(
        "approval-lapsed",
        f"The approval is for {study.approval.starts} to {study.approval.ends}; today is {q.day}.",
        "Apply again, with dates that cover the work still to do.",
        "P4",
    )


def purpose_is_the_studys(q: Question) -> Refusal | None:
    """A job carries the purpose tag of its study: nothing runs, is reviewed or is released under another one [P3]."""
    if q.proposal is not None and q.purpose is q.proposal.purpose:
        return None
    return Refusal(
        "purpose-mismatch",
        "The job's purpose tag is not the purpose that its study was approved for.",
        "Put the study's approved purpose into the spec, or apply for the other purpose.",
        "P3",
    )


def basis_is_known(q: Question) -> Refusal | None:
    """A study rests on a legal instrument that this site has, switched on [P5]."""
    basis = _basis(q)
    if basis is not None and basis.enabled:
        return None
    return Refusal(
        "basis-unknown",
        "The study names a legal basis that this site does not have, or has switched off.",
        "See the bases with `tre study bases` and name one that is on.",
        "P5",
    )


def basis_permits_the_purpose(q: Question) -> Refusal | None:
    """The instrument permits the purpose [P3] [P5]."""
    basis = _basis(q)
    if basis is not None and q.purpose in basis.purposes:
        return None
    return Refusal(
        "purpose-not-permitted",
        f"The legal basis does not permit the purpose '{q.purpose}'.",
        "Choose a permitted purpose, or a basis that permits this one.",
        "P3",
    )


def basis_is_live(q: Question) -> Refusal | None:
    """The instrument is in force on the day of the step, each time it is asked [P5]."""
    basis = _basis(q)
    if basis is not None and basis.live_on(q.day):
        return None
    return Refusal(
        "basis-lapsed",
        f"The legal basis is not in force on {q.day}.",
        "Apply under an instrument that is in force; see `tre study bases`.",
        "P5",
    )


def columns_are_approved(q: Question) -> Refusal | None:
    """A job sees only the tables and columns that its approval names [P8]."""
    asked = _asked_columns(q)
    missing = beyond(asked, q.study.approval.datasets) if q.study and q.study.approvals else ("everything",)
    if not missing:
        return None
    return Refusal(
        "columns-not-approved",
        f"The approval does not cover: {', '.join(missing)}.",
        "Take them out of the spec's data section, or apply for them.",
        "P8",
    )


def approval_stays_within_the_proposal(q: Question) -> Refusal | None:
    """An approver gives no more than was asked: not a column, not a day [P4] [P8]."""
    if not isinstance(q.command, Approve) or q.proposal is None:
        return None
    wider = beyond(q.command.datasets, q.proposal.datasets)
    early = q.command.starts < q.proposal.starts
    late = q.command.ends > q.proposal.ends
    if q.command.datasets and q.command.starts <= q.command.ends and not (wider or early or late):
        return None
    return Refusal(
        "approval-too-wide",
        "The approval gives nothing, or more tables, columns or days than the application asks for.",
        "Approve within what was asked, or return it with the reason.",
        "P8",
    )


def no_section_is_open(q: Question) -> Refusal | None:
    """Nothing is approved while an approver's request for changes to a section of it stands unanswered [P4]."""
    study = q.study
    if study is not None and all(word.agreed for word in study.assessed):
        return None
    return Refusal(
        "section-open",
        "A section of the application is marked as needing changes.",
        "Return it so that its members can change that section; or agree to the section first.",
        "P4",
    )


def disagreement_is_explained(q: Question) -> Refusal | None:
    """Whoever does not agree to a section says what must change [P12]."""
    if isinstance(q.command, Assess) and (q.command.agreed or q.command.note):
        return None
    return Refusal("words-needed", "Say what must change in this section.", "Add a note.", "P12")


def purpose_may_leave(q: Question) -> Refusal | None:
    """Maintenance may run; its output never leaves [P3]."""
    if q.purpose in RELEASABLE_PURPOSES:
        return None
    return Refusal(
        "purpose-never-leaves",
        f"Nothing made under the purpose '{q.purpose}' is ever released.",
        "Read its findings inside; there is nothing to sign off.",
        "P3",
    )


def expiry_is_due(q: Question) -> Refusal | None:
    """An approval expires after its last day, not before."""
    if q.study is not None and q.study.approvals and q.day > q.study.approval.ends:
        return None
    return Refusal(
        "not-yet-expired",
        "The approval's last day has not passed.",
        "Suspend or withdraw it if it must stop today.",
        "P4",
    )


def _named_study(q: Question) -> str:
    if isinstance(q.command, Submit):
        return q.command.submission.application
    return q.case.submission.application if isinstance(q.case, JobRequest) and q.case.submissions else ""


def _basis(q: Question) -> LegalBasis | None:
    return q.context.bases.get(q.proposal.legal_basis) if q.proposal else None


def _asked_columns(q: Question) -> tuple[TableScope, ...]:
    if isinstance(q.command, Submit):
        return q.command.submission.datasets
    return q.case.submission.datasets if isinstance(q.case, JobRequest) and q.case.submissions else ()
