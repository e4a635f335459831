"""`tre incident …`: a suspected breach in one command: reported, recalled, suspended, told to the watchers, evidence frozen [P15].

Reporting is never blocked by permissions. Refuses nothing but a request or study that is not there; what cannot be done of
the rest is said, and does not keep the report from being made. A drill does the same to nobody: it recalls and stops nothing.
"""

from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.backup import place_of
from tre.cli.session import Session, session
from tre.custody.people import Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.requests import RequestStage
from tre.records.backup import back_up
from tre.records.daybook import Facts
from tre.service import By

app = typer.Typer(help="Report a suspected breach; rehearse one.", no_args_is_help=True)

WATCHERS = (Role.CALDICOTT_GUARDIAN, Role.DATA_PROTECTION_OFFICER)
Why = Annotated[str, typer.Option("--why", help="What you saw, in words and without a value from the data.")]


@app.command()
def report(
    ctx: typer.Context,
    request: Annotated[
        str, typer.Argument(help="The job request whose release, or whose study, it is about.")
    ],
    *,
    why: Why,
) -> None:
    """Recall the release, suspend its study, tell the watchers, freeze the evidence. Anyone may, at any time."""
    s = session(ctx)
    by = s.by
    incident = s.wiring.new_id("incident")
    stages = _stop(s, by, request, s.note(why))
    evidence = _freeze(s, by, incident)
    _close(s, by, {"incident": incident, "drill": False, "request": request, **stages, "evidence": evidence})


@app.command()
def drill(ctx: typer.Context) -> None:
    """Rehearse a breach: who would be told is looked up, evidence is frozen and proved, and nothing is recalled or stopped."""
    s = session(ctx)
    by = s.by
    incident = s.wiring.new_id("drill")
    _close(s, by, {"incident": incident, "drill": True, "evidence": _freeze(s, by, incident)})


def _stop(s: Session, by: By, request: str, note: str) -> dict[str, str]:
    """Recall what was released, or stop the study where nothing was yet; where both stand afterwards."""
    case = s.house.service.request(request)
    if case.stage is RequestStage.RELEASED:
        recalled, study = s.house.service.recall(by, request, note)
        return {"request_is": recalled.stage.value, "study": study.id, "study_is": study.stage.value}
    study = s.house.service.suspend(
        by, case.submission.application, Reason(ReasonCode.SUSPECTED_BREACH, note)
    )
    return {"request_is": case.stage.value, "study": study.id, "study_is": study.stage.value}


def _freeze(s: Session, by: By, incident: str) -> str:
    """Sign the ledger's head and copy all records as they are now into a folder of the incident's own."""
    seals, folder = s.house.seals, s.house.folders.site / "evidence" / incident
    seals.checkpoint(by.now)
    back_up(seals.ledger, place_of(s.house.folders), folder, at=by.now, key=seals.key)
    return str(folder)


def _close(s: Session, by: By, told: dict[str, Any]) -> None:
    """Note it, say who is told, and send what is due."""
    watchers = sorted(person.id for person in s.house.site.people.values() if person.roles & set(WATCHERS))
    facts: Facts = {**told, "told": watchers}
    s.house.daybook.note("incident", actor=by.person.id, at=by.now, facts=facts)
    sent = s.house.telling().round(by.now) if not told["drill"] else {}
    s.answer({**facts, "notices": sent}, _draw)


def _draw(console: Console, told: dict[str, Any]) -> None:
    show.facts(console, {key: str(value) for key, value in told.items()})
    if not told["told"]:
        console.print("Nobody here is a Caldicott Guardian or data protection officer: ring yours now.")
