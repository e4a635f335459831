"""`tre doctor`: is this installation well, and what is to be done where it is not. Refuses to look into a box; that is `tre health`."""

from typing import Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.exits import Exit
from tre.cli.maintainers import maintainer
from tre.cli.session import Session, session


def doctor(ctx: typer.Context) -> None:
    """Engine, kernel, disk, clock, keys, opt-out lists, stores, ledger, checkpoints, certificates, backups, retention: each with what to do."""
    examine(session(ctx), quick=True)


def examine(s: Session, *, quick: bool) -> None:
    """Look, and end with a number that says whether all is well."""
    told = s.house.examine(maintainer(s), quick)
    s.answer(told, draw)
    if not told["healthy"]:
        raise typer.Exit(Exit.UNHEALTHY)


def draw(console: Console, told: dict[str, Any]) -> None:
    """A line for each check, and what to do for each that is ill."""
    for check in told["checks"]:
        word = "[green]well[/]" if check["healthy"] else "[bold red]ill[/]"
        console.print(f"{word}  {check['check']}: {show.plain(check['found'])}")
        if not check["healthy"] and check["fix"]:
            console.print(f"      to mend: {show.plain(check['fix'])}")
