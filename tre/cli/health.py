"""`tre health …`: maintainers ask whether the platform is well. Refuses to call it well when one expectation failed."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.doctor import draw, examine
from tre.cli.exits import Exit
from tre.cli.maintainers import maintainer
from tre.cli.session import session
from tre.records.daybook import Entry

BOARD = 30

app = typer.Typer(help="Pipeline-health jobs.", no_args_is_help=True)


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
    """How it was: the last looks, newest first, and what changed between them."""
    s = session(ctx)
    looks = list(s.house.daybook.entries("health", "health-job"))[-BOARD:]
    lines = [
        {"at": each.at, "what": each.kind, "healthy": each.facts["healthy"], "changed": ", ".join(changes)}
        for each, changes in with_changes(looks)
    ]
    s.answer(lines[::-1], lambda console, value: show.rows(console, value, nothing="Nobody has looked yet."))


def with_changes(looks: Sequence[Entry]) -> Iterator[tuple[Entry, list[str]]]:
    """Each look with what fell ill and what is well again since the last of its kind."""
    before: dict[str, set[str]] = {}
    for each in looks:
        ill = set(each.facts.get("ill", ()))
        known = before.get(each.kind, set())
        yield (
            each,
            [
                *(f"{name} fell ill" for name in sorted(ill - known)),
                *(f"{name} is well again" for name in sorted(known - ill)),
            ],
        )
        before[each.kind] = ill


@app.command()
def accept(
    ctx: typer.Context,
    backend: Annotated[str, typer.Argument(help="The backend whose build was looked into.")],
    *,
    why: Annotated[str, typer.Option("--why", help="Why its tables changed, in words.")],
) -> None:
    """A build whose tables changed was looked into: it is the one that later builds are compared with."""
    s = session(ctx)
    by = maintainer(s)
    version = s.house.accept_build(by, backend, why)
    s.answer({"backend": backend, "version": version, "why": why}, show.facts)


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
