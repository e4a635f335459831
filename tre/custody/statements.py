"""The words of a release statement: which bytes, on whose word, from which data, under which policy [P13].

Pure: from a signed-off case to plain data. Refuses to name a patient or hold a value: digests, ids, dates and the study's
own public words.
"""

from datetime import datetime
from typing import Any

from tre.custody.outputs import Decision, Offered
from tre.custody.requests import JobRequest
from tre.custody.studies import Application


def statement_body(
    case: JobRequest, study: Application, site: str, now: datetime, *, leaving: tuple[Offered, ...]
) -> dict[str, Any]:
    """What a release says of itself, as plain data: which bytes, whose word, from which data, under which policy."""
    return {
        "type": "tre-release-statement/1",
        "site": site,
        "request": case.id,
        "round": case.round,
        "releasedAt": now.isoformat(),
        "study": _study(study),
        "backend": case.submission.backend,
        "spec": case.submission.spec,
        "code": case.submission.code,
        "disclosurePolicy": case.policy,
        "subjects": [_subject(case, offered) for offered in leaving],
        "ran": [
            {"action": job.action.name, "image": job.image, "store": job.store, "optOuts": job.opt_outs}
            for job in case.jobs
        ],
    }


def _study(study: Application) -> dict[str, Any]:
    return {
        "id": study.id,
        "title": study.proposal.title,
        "organisation": study.proposal.organisation,
        "purpose": study.proposal.purpose.value,
        "legalBasis": study.proposal.legal_basis,
        "approver": study.approval.approver,
        "approved": [study.approval.starts.isoformat(), study.approval.ends.isoformat()],
        "conditions": list(study.approval.conditions),
    }


def _subject(case: JobRequest, offered: Offered) -> dict[str, Any]:
    checkers = [
        checker
        for (checker, path), word in case.words.items()
        if path == offered.path and word.decision is Decision.APPROVE
    ]
    return {
        "path": offered.path,
        "sha256": offered.digest,
        "report": offered.report,
        "level": offered.level.value,
        "verdict": offered.verdict.value,
        "approvedBy": sorted(checkers),
    }
