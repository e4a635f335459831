"""`tre health run`: the built-in spec, under the maintenance purpose, on canary data, through the same corridor as a study.

It must find the planted small number and the planted identifier, and nothing it made may ever leave [P3]. Refuses to run
on anything but canaries, and to call a platform healthy when one expectation was not met.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import job_specs
from job_specs.model import Purpose
from output_checks.model import Report, Verdict
from tre.custody.bases import LegalBases
from tre.custody.commands import SignOff
from tre.custody.context import Context, Moment
from tre.custody.errors import Refusal
from tre.custody.outputs import Offered
from tre.custody.policies.question import Question
from tre.custody.policies.study import purpose_may_leave
from tre.custody.requests import JobRequest, RequestStage
from tre.custody.studies import Application, ApplicationStage, Proposal
from tre.dispatch.code import gather, keep
from tre.dispatch.intake import SPEC, Intake, read_study
from tre.dispatch.ports import DataRooms, Shelf
from tre.service import By, Service
from tre.worker import Worker

FOLDER = Path(job_specs.__file__).parent / "health"
OPEN = frozenset({ApplicationStage.APPLIED, ApplicationStage.RETURNED, ApplicationStage.APPROVED})

PLANTED = {
    "small_number": Verdict.SUPPRESSED,
    "planted_identifier": Verdict.REFUSED,
    "planted_pseudonym": Verdict.REFUSED,
}
"""What the health spec offers, and what must become of it."""


@dataclass(frozen=True)
class Expectation:
    """One thing that a healthy platform does, and whether it did."""

    what: str
    held: bool
    found: str


@dataclass(frozen=True)
class Corridor:
    """What a health job goes through."""

    service: Service
    worker: Callable[[], Worker]
    data: DataRooms
    backend: str
    documents: Shelf
    read_report: Callable[[str], Report]
    build_canaries: Callable[[datetime], None]
    new_id: Callable[[str], str]


def run(corridor: Corridor, by: By) -> dict[str, Any]:
    """Run the health job; what was expected, what was found, and whether the platform is healthy.

    Raises:
        Refusal: the maintenance study is not approved yet, or the caller may not ask for it.
    """
    study = _study(corridor, by)
    corridor.build_canaries(by.now)
    request = _submit(corridor, by, study)
    with closing(corridor.worker()) as worker:
        waiting = worker.run_until_idle()
    case = corridor.service.request(request)
    expectations = [*_expectations(corridor, case), _never_leaves(corridor, case, by)]
    return {
        "healthy": all(expectation.held for expectation in expectations),
        "request": request,
        "stage": case.stage.value,
        "expectations": [asdict(expectation) for expectation in expectations],
        "waiting": [each.sentence for each in waiting if each.request == request],
    }


def _study(corridor: Corridor, by: By) -> Application:
    """The standing maintenance study; applied for here when there is none, approved by an approver [P4]."""
    studies = [corridor.service.study(study) for study in corridor.service.study_ids()]
    standing = [
        study
        for study in studies
        if study.proposal.purpose is Purpose.PLATFORM_MAINTENANCE
        and study.stage in OPEN
        and by.person.id in study.proposal.members
    ]
    study = standing[-1] if standing else _apply(corridor, by)
    if study.stage is ApplicationStage.APPROVED:
        return study
    raise Refusal(
        "health-not-approved",
        f"The maintenance study {study.id} is {study.stage}: health jobs need an approval like any other.",
        f"Ask an approver: `tre study approve {study.id}`.",
        "P4",
    )


def _apply(corridor: Corridor, by: By) -> Application:
    intake = _intake(corridor)
    bases = corridor.service.law.now().bases
    proposal = Proposal(
        title="Pipeline health",
        lay_summary="Checks, on made-up people, that the platform still protects real ones. Nothing is ever released.",
        organisation=corridor.service.site.name,
        purpose=Purpose.PLATFORM_MAINTENANCE,
        legal_basis=_basis_for_maintenance(bases, by.now.date()),
        members=(by.person.id,),
        datasets=intake.spec.data,
        starts=by.now.date(),
        ends=_a_year_on(by.now.date()),
    )
    return corridor.service.apply(by, corridor.new_id("study"), proposal)


def _basis_for_maintenance(bases: LegalBases, day: date) -> str:
    fitting = [
        basis.id
        for basis in bases.values()
        if basis.live_on(day) and Purpose.PLATFORM_MAINTENANCE in basis.purposes
    ]
    return fitting[0] if fitting else ""


def _a_year_on(day: date) -> date:
    return date(day.year + 1, day.month, min(day.day, 28))


def _intake(corridor: Corridor) -> Intake:
    return read_study(gather(FOLDER), corridor.data.of(corridor.backend), corridor.service.site.images)


def _submit(corridor: Corridor, by: By, study: Application) -> str:
    intake = _intake(corridor)
    put = corridor.documents.put
    submission = intake.submission(
        study.id,
        spec=put(intake.code.files[SPEC]),
        code=keep(intake.code, put),
        images=corridor.service.site.images,
        backend=corridor.backend,
    )
    return corridor.service.submit(by, corridor.new_id("job"), submission).id


def _expectations(corridor: Corridor, case: JobRequest) -> list[Expectation]:
    checked = Expectation("the job ran and was checked", case.stage is RequestStage.CHECKED, case.stage.value)
    offered = {offer.path: offer for offer in case.offered}
    planted = [
        _expect(corridor, offered.get(f"output/{name}.csv"), verdict, name.replace("_", " "))
        for name, verdict in PLANTED.items()
    ]
    return [checked, *planted]


def _expect(corridor: Corridor, offered: Offered | None, verdict: Verdict, what: str) -> Expectation:
    sentence = f"the {what} is {verdict}"
    if offered is None:
        return Expectation(sentence, held=False, found="the file is not there")
    rules = sorted({finding.check for finding in corridor.read_report(offered.report).findings})
    held = offered.verdict is verdict and bool(rules)
    return Expectation(sentence, held=held, found=f"{offered.verdict}, by {', '.join(rules) or 'no rule'}")


def _never_leaves(corridor: Corridor, case: JobRequest, by: By) -> Expectation:
    """Ask the very rule that guards the door."""
    context = Context(actor=by.person, rules=corridor.service.rules, bases=corridor.service.law.now().bases)
    refusal = purpose_may_leave(Question(case, SignOff(), context, Moment(by.now)))
    found = refusal.code if refusal else "it could be signed off"
    return Expectation("nothing of it can be signed off", held=refusal is not None, found=found)
