"""What a given person may see [P1]: the one place that turns a case into something to show.

Before sign-off an author sees a handful of outcomes, and findings as rule, file, declared column and a coarse number of
cells. A checker sees everything of a case that is not their own study's, but nobody's vote until both are in. A maintainer
sees that things run. Refuses to show a value, a label, a row count, an exit code or a log line to anyone but a checker.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from output_checks.model import Finding, Report
from tre.custody.commands import Step
from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.outputs import Offered, Vote
from tre.custody.people import Person, Role
from tre.custody.policies import BY_JUDGES
from tre.custody.remarks import Audience, Said
from tre.custody.requests import ActionKind, Job, JobRequest, JobState, Outcome, RequestStage
from tre.custody.studies import Application
from tre.records.claims import Told

CELL_BANDS = ((1, "1"), (10, "2 to 10"), (100, "11 to 100"))
DURATION_BANDS = (
    (60, "under a minute"),
    (600, "1 to 10 minutes"),
    (3600, "10 to 60 minutes"),
    (36_000, "1 to 10 hours"),
)
QUARTERS = ("", "a quarter is done", "half is done", "three quarters are done")
_MORE_MEMORY = "Ask for more `memory` under the action's `resources`"
_MOST = "an eighth of its memory (64 MB at least, 2 GB at most)"
ADVICE: Mapping[Outcome, tuple[str, str]] = MappingProxyType(
    {
        Outcome.OUT_OF_MEMORY: (
            f"{_MORE_MEMORY}, or for `disk`, where a query writes what does not fit.",
            f"{_MORE_MEMORY}, or read the data in parts.",
        ),
        Outcome.OUT_OF_TIME: ("Ask for more `time` under the action's `resources`.",) * 2,
        Outcome.OUTPUTS_REFUSED: (
            f"All that an action writes may be {_MOST}: ask for more `memory`, or for fewer columns.",
            f"Every declared output must be there as a plain file, and all that an action writes be {_MOST}.",
        ),
    }
)
"""What to do about an ending, for a query and for study code: fixed sentences, which say nothing of the run [P1]."""
BLIND = frozenset({RequestStage.CHECKED, RequestStage.VOTED})
UNTOLD = BLIND | {RequestStage.REVIEWED, RequestStage.PART_SIGNED_OFF, RequestStage.SIGNED_OFF}
"""While checkers are at it, the study does not read over their shoulders."""
SIZE_BANDS = ((10**6, "under 1 MB"), (10**8, "1 to 100 MB"))
TWO = 2
WATCHERS = frozenset({Role.CALDICOTT_GUARDIAN, Role.DATA_PROTECTION_OFFICER})


@dataclass(frozen=True)
class Sight:
    """How much of one case a person may see."""

    outline: bool
    findings: bool
    inside: bool


def sight(person: Person, case: JobRequest, study: Application) -> Sight:
    """What of a request this person may see: its outline, its coarse findings, or what is inside."""
    authors = case.submission.code_authors if case.submissions else ()
    member = person.id in study.members or person.id == case.submitter or person.id in authors
    checks = Role.OUTPUT_CHECKER in person.roles and not member
    watches = bool(person.roles & (WATCHERS | {Role.MAINTAINER, Role.APPROVER, Role.INFORMATION_GOVERNANCE}))
    return Sight(outline=member or checks or watches, findings=member or checks, inside=checks)


def visible_votes(person: Person, case: JobRequest) -> tuple[Vote, ...]:
    """The votes of this round that the person may see: their own until both are in, then all [P9]."""
    if is_blind(case):
        return tuple(vote for vote in case.votes if vote.checker == person.id)
    return case.votes


def is_blind(case: JobRequest) -> bool:
    """Whether checkers may not see each other's words yet: while votes come in, and after a return before both were in."""
    early = case.stage is RequestStage.RETURNED and len(case.votes) < TWO
    return case.stage in BLIND or early


def visible_remarks(person: Person, case: JobRequest, study: Application) -> tuple[Said, ...]:
    """The remarks that the person may see: never another checker's of a round that is still blind; of the rest, a member only
    what was written for everyone, and once the study has its answer.
    """
    seen = sight(person, case, study)
    blind = is_blind(case)
    told = case.stage not in UNTOLD
    return tuple(
        said
        for said in case.remarks
        if said.person == person.id
        or said.person in study.members
        or (seen.inside and not (blind and said.round == case.round))
        or (seen.findings and said.remark.audience is Audience.EVERYONE and (told or said.round < case.round))
    )


def band(cells: int) -> str:
    """A number of cells, coarse enough to say nothing about the data [P1]."""
    for most, words in CELL_BANDS:
        if cells <= most:
            return words if cells else "0"
    return "more than 100"


def duration_band(seconds: float) -> str:
    """How long an action took, coarse enough to say nothing about the data [P1]."""
    return next((words for most, words in DURATION_BANDS if seconds < most), "more than 10 hours")


def size_band(size: int) -> str:
    """How much an action made, coarse enough to say nothing about the data [P1]."""
    return next((words for most, words in SIZE_BANDS if size < most), "more than 100 MB")


def study_view(study: Application) -> dict[str, Any]:
    """A study as everyone may see it: its application is public [P12]."""
    if not study.proposals:
        return {"study": study.id, "stage": study.stage.value}
    proposal = study.proposal
    approval = study.approvals[-1] if study.approvals else None
    return {
        "study": study.id,
        "stage": study.stage.value,
        "title": proposal.title,
        "lay_summary": proposal.lay_summary,
        "organisation": proposal.organisation,
        "purpose": proposal.purpose.value,
        "legal_basis": proposal.legal_basis,
        "members": list(proposal.members),
        "asked": {scope.table: list(scope.columns) for scope in proposal.datasets},
        "approved": {scope.table: list(scope.columns) for scope in approval.datasets} if approval else {},
        "approved_from": approval.starts.isoformat() if approval else None,
        "approved_until": approval.ends.isoformat() if approval else None,
        "conditions": list(approval.conditions) if approval else [],
        "next_steps": sorted(APPLICATION[study.stage]),
    }


def request_view(
    person: Person, case: JobRequest, study: Application, *, told: Told | None = None
) -> dict[str, Any]:
    """A request's outline: stage, and per action one of a handful of words [P1].

    ``told`` is what workers say of actions that have not ended.
    """
    told = told or Told()
    return {
        "request": case.id,
        "study": study.id,
        "stage": case.stage.value,
        "purpose": case.submission.purpose.value,
        "backend": case.submission.backend,
        "round": case.round,
        "actions": [_job_view(job, told) for job in case.jobs],
        "left_out": [file.path for file in case.left_out] if sight(person, case, study).findings else [],
        "next_steps": _ways(person, case, study),
        "votes": [
            {"checker": vote.checker, "files": len(vote.files)} for vote in visible_votes(person, case)
        ],
    }


def finding_view(finding: Finding, seen: Sight) -> dict[str, Any]:
    """A finding as this person may see it: places and people only from inside."""
    outline = {
        "rule": finding.check,
        "severity": finding.severity.value,
        "file": finding.file,
        "column": finding.column,
        "cells": band(len(finding.cells)),
        "why": finding.message,
        "fix": finding.fix,
        "promise": finding.promise,
    }
    if not seen.inside:
        return outline
    places = [{"row": cell.row, "column": cell.column} for cell in finding.cells]
    return outline | {"cells": len(finding.cells), "places": places, "people": list(finding.people)}


def report_view(offered: Offered, report: Report, seen: Sight) -> dict[str, Any]:
    """A checked file as this person may see it."""
    return {
        "path": offered.path,
        "verdict": offered.verdict.value,
        "level": offered.level.value,
        "policy": report.policy,
        "findings": [finding_view(finding, seen) for finding in report.findings],
    } | ({"raw": offered.raw, "offered": offered.digest, "report": offered.report} if seen.inside else {})


def findings_view(case: JobRequest, report_of: Callable[[str], Report], seen: Sight) -> list[dict[str, Any]]:
    """Every file of this round that the checks saw, as this person may see it, and whether the study leaves it out."""
    return [
        report_view(each, report_of(each.report), seen) | {"left_out": each in case.left_out}
        for each in case.asked
    ]


def _job_view(job: Job, told: Told) -> Mapping[str, Any]:
    ended = job.state in {JobState.LANDED, JobState.FAILED}
    return {
        "action": job.action.name,
        "kind": job.action.kind.value,
        "state": job.outcome.value if ended else job.state.value,
        "advice": _advice(job) if job.state is JobState.FAILED else "",
        "done": QUARTERS[told.shares.get(job.action.name, 0)] if job.state is JobState.STARTED else "",
        "may_take": "" if ended else told.estimates.get(job.action.name, ""),
    }


def _advice(job: Job) -> str:
    of_a_query, of_code = ADVICE.get(job.outcome, ("", ""))
    return of_code if job.action.kind is ActionKind.CODE else of_a_query


def _ways(person: Person, case: JobRequest, study: Application) -> list[str]:
    """The steps that lead on and that this person's roles, and their place apart from the study, may let them take."""
    inside = sight(person, case, study).inside
    return sorted(
        step
        for step, (owners, _) in REQUEST[case.stage].items()
        if owners & person.roles and (inside or step not in BY_JUDGES)
        if step is not Step.RECALL or case.statements
    )
