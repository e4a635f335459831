"""`tre study …`: apply, and decide on applications. Researchers and approvers work here; refuses what the core refuses."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from tre.cli import show
from tre.cli.forms import datasets_of, read_proposal, scopes
from tre.cli.session import Session, session
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.studies import Application, Section
from tre.views import study_view

app = typer.Typer(help="Apply for a study; approve, return, suspend or withdraw one.", no_args_is_help=True)

Study = Annotated[str, typer.Argument(help="The study's id.")]
Because = Annotated[ReasonCode, typer.Option("--because", help="The reason, from the closed list.")]
Note = Annotated[str, typer.Option("--note", help="Words for the people concerned; kept in the vault.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command("apply")
def apply_(
    ctx: typer.Context, form: Annotated[Path, typer.Argument(help="The application, in TOML.")]
) -> None:
    """Apply for a study [P4]."""
    s = session(ctx)
    _say(s, s.house.service.apply(s.by, s.wiring.new_id("study"), read_proposal(form)))


@app.command()
def revise(ctx: typer.Context, study: Study, form: Annotated[Path, typer.Argument()]) -> None:
    """Change an application that is not decided yet."""
    s = session(ctx)
    _say(s, s.house.service.revise(s.by, study, read_proposal(form)))


@app.command()
def approve(
    ctx: typer.Context,
    study: Study,
    *,
    starts: Day = None,
    ends: Day = None,
    condition: Annotated[list[str] | None, typer.Option(help="A condition; repeat for more.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="table:column,column; repeat. Default: as asked.")
    ] = None,
) -> None:
    """Approve, for dates, tables and columns, under conditions [P4] [P8]."""
    s = session(ctx)
    asked = s.house.service.study(study)
    proposal = asked.proposals[-1] if asked.proposals else None
    default = proposal.datasets if proposal else ()
    _say(
        s,
        s.house.service.approve(
            s.by,
            study,
            starts=_day(starts, proposal.starts if proposal else date.min),
            ends=_day(ends, proposal.ends if proposal else date.min),
            datasets=datasets_of(scopes(only)) if only else default,
            conditions=tuple(condition or ()),
        ),
    )


@app.command("return")
def return_(
    ctx: typer.Context, study: Study, because: Because = ReasonCode.NEEDS_CHANGES, note: Note = ""
) -> None:
    """Send an application back for changes."""
    s = session(ctx)
    _say(s, s.house.service.return_(s.by, study, Reason(because, s.note(note))))


@app.command()
def reject(
    ctx: typer.Context, study: Study, because: Because = ReasonCode.OUT_OF_SCOPE, note: Note = ""
) -> None:
    """Reject an application."""
    s = session(ctx)
    _say(s, s.house.service.reject(s.by, study, Reason(because, s.note(note))))


@app.command()
def assess(
    ctx: typer.Context,
    study: Study,
    section: Annotated[Section, typer.Argument(help="The section.")],
    *,
    agreed: Annotated[bool, typer.Option("--agree/--disagree", help="Whether it is fine as it is.")],
    note: Note = "",
) -> None:
    """Agree to one section of an application, or say what must change in it."""
    s = session(ctx)
    _say(s, s.house.service.assess(s.by, study, section, agreed=agreed, note=s.note(note)))


@app.command()
def discuss(
    ctx: typer.Context,
    study: Study,
    section: Annotated[Section, typer.Argument(help="The section.")],
    *,
    note: Annotated[str, typer.Option("--note", help="What you say; kept in the vault.")],
) -> None:
    """Say something about one section, as a member or an approver."""
    s = session(ctx)
    _say(s, s.house.service.discuss(s.by, study, section, s.note(note)))


@app.command()
def withdraw(
    ctx: typer.Context, study: Study, because: Because = ReasonCode.NO_LONGER_NEEDED, note: Note = ""
) -> None:
    """Withdraw a study, or its approval, for good."""
    s = session(ctx)
    _say(s, s.house.service.withdraw(s.by, study, Reason(because, s.note(note))))


@app.command()
def suspend(
    ctx: typer.Context, study: Study, because: Because = ReasonCode.CONDITIONS_BROKEN, note: Note = ""
) -> None:
    """Stop a study for now; anyone may, with --because suspected-breach [P15]."""
    s = session(ctx)
    _say(s, s.house.service.suspend(s.by, study, Reason(because, s.note(note))))


@app.command()
def reinstate(
    ctx: typer.Context, study: Study, because: Because = ReasonCode.RESOLVED, note: Note = ""
) -> None:
    """Put a suspended study back."""
    s = session(ctx)
    _say(s, s.house.service.reinstate(s.by, study, Reason(because, s.note(note))))


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """Every study, with where it stands [P12]."""
    s = session(ctx)
    studies = [study_view(s.house.service.study(study)) for study in s.house.service.study_ids()]
    lines = [
        {key: view.get(key) for key in ("study", "stage", "title", "purpose", "approved_until")}
        for view in studies
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="There is no study yet."))


@app.command("show")
def show_(ctx: typer.Context, study: Study) -> None:
    """One study: what it asks, what it was given, what leads on."""
    s = session(ctx)
    _say(s, s.house.service.study(study))


@app.command()
def bases(ctx: typer.Context) -> None:
    """The legal instruments that this site knows, with their dates [P5]."""
    s = session(ctx)
    day = s.wiring.clock().date()
    lines = [
        {
            "basis": basis.id,
            "starts": basis.starts.isoformat(),
            "ends": basis.ends.isoformat(),
            "switched_on": basis.enabled,
            "in_force_today": basis.live_on(day),
            "purposes": sorted(basis.purposes),
        }
        for basis in s.house.service.law.now().bases.values()
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="No legal basis is known here."))


def _say(s: Session, study: Application) -> None:
    s.answer(study_view(study), show.facts)


def _day(given: datetime | None, default: date) -> date:
    return given.date() if given else default
