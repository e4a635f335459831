"""The words of a release statement: which bytes, on whose word, from which data, under which policy [P13].

An in-toto statement: subjects by digest, and a predicate of ours. Pure: from a signed-off case to plain data. Refuses to
name a patient, a reviewer or a value: digests, roles, times, dates and the study's own public words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tre.custody.outputs import Decision, Offered
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:tre:release:v1"


@dataclass(frozen=True)
class Deed:
    """What somebody did for a release: in which role, which step, when; not who, which the ledger knows."""

    role: str
    step: str
    at: datetime


def statement_body(
    case: JobRequest,
    study: Application,
    *,
    site: str,
    now: datetime,
    leaving: tuple[Offered, ...],
    deeds: Sequence[Deed] = (),
) -> dict[str, Any]:
    """What a release says of itself, as plain data: which bytes, on whose word, from which data, under which policy."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": each.path, "digest": {"sha256": each.digest}} for each in leaving],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "site": site,
            "request": case.id,
            "round": case.round,
            "releasedAt": now.isoformat(),
            "study": _study(study),
            "backend": case.submission.backend,
            "spec": case.submission.spec,
            "code": case.submission.code,
            "commit": case.submission.commit,
            "disclosurePolicy": case.policy,
            "files": [_file(case, offered) for offered in leaving],
            "ran": [
                {"action": job.action.name, "image": job.image, "store": job.store, "optOuts": job.opt_outs}
                for job in case.jobs
            ],
            "deeds": [{"role": deed.role, "step": deed.step, "at": deed.at.isoformat()} for deed in deeds],
        },
    }


def _study(study: Application) -> dict[str, Any]:
    return {
        "id": study.id,
        "title": study.proposal.title,
        "organisation": study.proposal.organisation,
        "purpose": study.proposal.purpose.value,
        "legalBasis": study.proposal.legal_basis,
        "approved": [study.approval.starts.isoformat(), study.approval.ends.isoformat()],
        "conditions": list(study.approval.conditions),
    }


def _file(case: JobRequest, offered: Offered) -> dict[str, Any]:
    approvals = [
        checker
        for (checker, path), word in case.words.items()
        if path == offered.path and word.decision is Decision.APPROVE
    ]
    return {
        "path": offered.path,
        "report": offered.report,
        "level": offered.level.value,
        "verdict": offered.verdict.value,
        "context": case.context_of(offered.path),
        "approvals": [{"role": "output-checker"} for _ in approvals],
    }
