"""`tre health …`: maintainers ask whether the platform is well. Refuses to call it well when one expectation failed."""

import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.doctor import draw, examine
from tre.cli.exits import Exit
from tre.cli.house import Round
from tre.cli.maintainers import maintainer
from tre.cli.session import Session, session
from tre.records.errors import LedgerUnavailable
from tre.records.looks import Board, board_of

LINES = 30
SHORTEST_WAIT = 5.0

app = typer.Typer(
    help="Is the platform well? The board, when no command is named.", invoke_without_command=True
)


@app.callback()
def board_or_command(ctx: typer.Context) -> None:
    """The board: how every check stands, and what changed from look to look."""
    if ctx.invoked_subcommand is None:
        board(ctx)


@app.command()
def run(ctx: typer.Context) -> None:
    """Run the built-in health jobs on canaries, and on the store in aggregate, through the same corridor as a study [P3]."""
    s = session(ctx)
    result = s.house.health(s.by)
    s.answer(result, draw_run)
    if not result["healthy"]:
        raise typer.Exit(Exit.UNHEALTHY)


@app.command()
def check(ctx: typer.Context) -> None:
    """Every health check on the live installation: what `tre doctor` looks at, every wall tried, releases, rules, drift."""
    examine(session(ctx), quick=False)


@app.command()
def board(ctx: typer.Context) -> None:
    """How every check stands, the last looks, newest first, and what changed between them."""
    s = session(ctx)
    s.answer(_plain(board_of(s.house.daybook)), _draw_board)


def _plain(found: Board) -> dict[str, Any]:
    looks = [
        {
            "at": line.at,
            "what": line.what,
            "by": line.by,
            "healthy": line.healthy,
            "changed": ", ".join(line.changed),
        }
        for line in found.lines[:LINES]
    ]
    checks = [
        {
            "check": each.check,
            "healthy": each.healthy,
            "since": each.since,
            "seen": each.seen,
            "said": each.said,
        }
        for each in found.standing
    ]
    return {"healthy": bool(looks) and not found.ill, "checks": checks, "looks": looks}


def _draw_board(console: Console, told: dict[str, Any]) -> None:
    show.rows(console, told["checks"], nothing="No check was ever made.")
    show.rows(console, told["looks"], nothing="Nobody has looked yet.")


@app.command()
def watch(
    ctx: typer.Context,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="One round, for a timer; ends with 10 where something is ill.")
    ] = False,
) -> None:
    """Do what is due by the schedule, tell whom it concerns, send what waits; on and on, until told to stop."""
    s = session(ctx)
    done = s.house.watch(maintainer(s))
    while not once:
        s.tell(f"{done.state}; next at {done.next_at:%H:%M:%S} UTC")
        time.sleep(_until(done.next_at, s.wiring.clock()))
        done = next_round(s) or done
    s.answer(_said(done), show.facts)
    if done.ill:
        raise typer.Exit(Exit.UNHEALTHY)


def next_round(s: Session) -> Round | None:
    """One more round of a standing watch; nothing where the database is away, which ends no watch."""
    try:
        return s.house.watch(maintainer(s))
    except LedgerUnavailable as away:
        s.tell(f"{away.sentence} The watch goes on")
        return None


def _until(then: datetime, now: datetime) -> float:
    return max(SHORTEST_WAIT, (then - now).total_seconds())


def _said(done: Round) -> dict[str, Any]:
    """One round as plain data."""
    return {
        "state": str(done.state),
        "ran": [str(each) for each in done.ran],
        "chores": [str(each) for each in done.chores],
        "waiting": {str(task): why for task, why in done.waiting.items()},
        "ill": list(done.ill),
        "told": list(done.told),
        "messages": dict(done.messages),
        "next_at": done.next_at.isoformat(),
    }


@app.command()
def accept(
    ctx: typer.Context,
    check: Annotated[str, typer.Argument(help="The check that is ill, and was looked into.")],
    *,
    why: Annotated[str, typer.Option("--why", help="Why it may stay so, in words.")],
) -> None:
    """Live with what a check last said, in those very words and no others: a kernel that the distribution mends, a build that shrank."""
    s = session(ctx)
    s.answer(s.house.accept(maintainer(s), check, why), show.facts)


@app.command()
def walls(ctx: typer.Context) -> None:
    """The walls around every box here, and those that this host lacks."""
    s = session(ctx)
    runner = s.house.runner()
    lines = [
        {"wall": wall.name, "stands": stands, "threat": wall.threat}
        for stands, walls in ((True, runner.walls()), (False, runner.missing_walls()))
        for wall in walls
    ]
    s.answer(lines, lambda console, value: show.rows(console, value, nothing="No wall is known."))


def draw_run(console: Console, result: dict[str, Any]) -> None:
    """What the health jobs found."""
    word = "[green]healthy[/]" if result["healthy"] else "[bold red]not healthy[/]"
    console.print(f"The platform is {word} (job {result['request']}).")
    draw(console, result)
    for sentence in result["waiting"]:
        console.print(f"  waiting: {show.plain(sentence)}")
