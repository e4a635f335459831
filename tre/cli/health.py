"""`tre health …`: maintainers ask whether the platform is well. Refuses to call it well when one expectation failed."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.doctor import examine
from tre.cli.exits import Exit
from tre.cli.session import session
from tre.records.daybook import Entry

BOARD = 30

app = typer.Typer(help="Pipeline-health jobs.", no_args_is_help=True)


@app.command()
def run(ctx: typer.Context) -> None:
    """Run the built-in health job on canaries, through the same corridor as a study [P3]."""
    s = session(ctx)
    by = s.by
    began = s.wiring.clock()
    result = s.house.health(by)
    seconds = (s.wiring.clock() - began).total_seconds()
    ill = [each["what"] for each in result["expectations"] if not each["held"]]
    facts = {"healthy": result["healthy"], "seconds": round(seconds, 1), "ill": ill}
    s.house.daybook.note("health-job", actor=by.person.id, at=by.now, facts=facts)
    s.answer(result, _draw)
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


def _draw(console: Console, result: dict[str, Any]) -> None:
    word = "[green]healthy[/]" if result["healthy"] else "[bold red]not healthy[/]"
    console.print(f"The platform is {word} (job {result['request']}).")
    show.rows(console, result["expectations"], nothing="Nothing was expected.")
    for sentence in result["waiting"]:
        console.print(f"  waiting: {show.plain(sentence)}")
