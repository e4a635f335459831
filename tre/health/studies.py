"""The two standing maintenance studies that health jobs run under: applied for here, approved by an approver like any other [P4].

Two, because pseudonyms must not link one study to another, and because what is given away by two tables may be given away by
two studies. Refuses to run anything before both are approved, for every table and column that the specs name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from job_specs.model import Purpose, TableScope
from tre.custody.bases import LegalBases
from tre.custody.errors import Refusal
from tre.custody.studies import Application, ApplicationStage, Proposal, beyond
from tre.service import By, Service

OPEN = frozenset({ApplicationStage.APPLIED, ApplicationStage.RETURNED, ApplicationStage.APPROVED})
FIRST, SECOND = "Pipeline health", "Pipeline health, the other study"
SUMMARY = "Checks, on made-up people and on the sizes of tables, that the platform protects real ones. Nothing is ever released."


@dataclass(frozen=True)
class Wanted:
    """A standing study: its title, and the tables and columns that its specs name."""

    title: str
    datasets: tuple[TableScope, ...]


def standing(
    service: Service, by: By, wanted: Iterable[Wanted], new_id: Callable[[str], str]
) -> list[Application]:
    """The standing studies, in order; those that are not there, or cover too little, are applied for.

    Raises:
        Refusal: one is not approved yet.
    """
    studies = [_known(service, by, each) or _apply(service, by, each, new_id("study")) for each in wanted]
    waiting = [study for study in studies if study.stage is not ApplicationStage.APPROVED]
    if waiting:
        raise _not_approved(waiting)
    return studies


def _not_approved(waiting: Iterable[Application]) -> Refusal:
    names = [study.id for study in waiting]
    return Refusal(
        "health-not-approved",
        f"Health jobs need an approval like any other, and these studies have none: {', '.join(names)}.",
        "Ask an approver: " + ", ".join(f"`tre study approve {name}`" for name in names) + ".",
        "P4",
    )


def _known(service: Service, by: By, wanted: Wanted) -> Application | None:
    studies = (service.study(study) for study in service.study_ids())
    found = [study for study in studies if study.stage in OPEN and _is_it(study, wanted, by)]
    return found[-1] if found else None


def _is_it(study: Application, wanted: Wanted, by: By) -> bool:
    proposal = study.proposal
    ours = proposal.purpose is Purpose.PLATFORM_MAINTENANCE and proposal.title == wanted.title
    in_time = proposal.starts <= by.now.date() <= proposal.ends
    return (
        ours
        and in_time
        and by.person.id in proposal.members
        and not beyond(wanted.datasets, proposal.datasets)
    )


def _apply(service: Service, by: By, wanted: Wanted, study: str) -> Application:
    today = by.now.date()
    proposal = Proposal(
        title=wanted.title,
        lay_summary=SUMMARY,
        organisation=service.site.name,
        purpose=Purpose.PLATFORM_MAINTENANCE,
        legal_basis=basis_for_maintenance(service.law.now().bases, today),
        members=(by.person.id,),
        datasets=wanted.datasets,
        starts=today,
        ends=date(today.year + 1, today.month, min(today.day, 28)),
    )
    return service.apply(by, study, proposal)


def basis_for_maintenance(bases: LegalBases, day: date) -> str:
    """A legal basis that permits maintenance on that day; empty where there is none, which the rules then refuse."""
    permit = (basis for basis in bases.values() if Purpose.PLATFORM_MAINTENANCE in basis.purposes)
    return next((basis.id for basis in permit if basis.live_on(day)), "")


def together(scopes: Iterable[TableScope]) -> tuple[TableScope, ...]:
    """The tables and columns of several specs as one scope, each named once."""
    columns: dict[str, dict[str, None]] = {}
    for scope in scopes:
        columns.setdefault(scope.table, {}).update(dict.fromkeys(scope.columns))
    return tuple(TableScope(table, tuple(names)) for table, names in columns.items())
