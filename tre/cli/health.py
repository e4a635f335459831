"""`tre health …`: maintainers ask whether the platform is well. Refuses to call it well when one expectation failed."""

from typing import Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.exits import Exit
from tre.cli.session import session

app = typer.Typer(help="Pipeline-health jobs.", no_args_is_help=True)


@app.command()
def run(ctx: typer.Context) -> None:
    """Run the built-in health job on canaries, through the same corridor as a study [P3]."""
    s = session(ctx)
    result = s.house.health(s.by)
    s.answer(result, _draw)
    if not result["healthy"]:
        raise typer.Exit(Exit.UNHEALTHY)


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
