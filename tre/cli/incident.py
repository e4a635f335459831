"""`tre incident …`: a suspected breach in one command: reported, recalled, suspended, told to the watchers, evidence frozen [P15].

Reporting is never blocked by permissions. Refuses nothing but a request or study that is not there; what cannot be done of
the rest is said, and does not keep the report from being made. A drill does the same to canaries, and to nobody.
"""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.exits import Exit
from tre.cli.session import session
from tre.records.incidents import freezes
from tre.worker.incidents import close as close_incident
from tre.worker.incidents import report as report_incident

app = typer.Typer(help="Report a suspected breach; rehearse one.", no_args_is_help=True)

Why = Annotated[str, typer.Option("--why", help="What you saw, in words and without a value from the data.")]


@app.command()
def report(
    ctx: typer.Context,
    about: Annotated[
        str, typer.Argument(help="The study, or the job whose release or whose study it is about.")
    ],
    *,
    why: Why,
) -> None:
    """Recall the release, suspend its study, tell the watchers, freeze the evidence. Anyone may, at any time."""
    s = session(ctx)
    s.answer(asdict(report_incident(s.house.scene(), s.by, about, s.note(why))), _draw)


@app.command()
def drill(ctx: typer.Context) -> None:
    """Rehearse a breach on canaries, the whole way to the letters, which say that it is a drill; nothing of the site is stopped."""
    s = session(ctx)
    told = s.house.drill(s.by)
    s.answer(told, _draw_drill)
    if not told["held"]:
        raise typer.Exit(Exit.UNHEALTHY)


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """The incidents that are open: while one is, nothing of its study may be deleted."""
    s = session(ctx)
    lines = [asdict(each) for each in freezes(s.house.daybook)]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="No incident is open."))


@app.command()
def close(
    ctx: typer.Context, incident: Annotated[str, typer.Argument(help="The incident's name.")], *, why: Why
) -> None:
    """Say that an incident is over; only a Caldicott Guardian or data protection officer may."""
    s = session(ctx)
    s.answer(close_incident(s.house.scene(), s.by, incident, s.note(why)), show.facts)


def _draw(console: Console, told: dict[str, Any]) -> None:
    show.facts(console, {key: str(value) for key, value in told.items()})
    if not told["told"]:
        console.print("Nobody here is a Caldicott Guardian or data protection officer: ring yours now.")


def _draw_drill(console: Console, told: dict[str, Any]) -> None:
    show.rows(console, told["steps"], nothing="Nothing happened.")
    show.facts(console, {key: str(told[key]) for key in ("incident", "held", "told", "evidence", "messages")})
