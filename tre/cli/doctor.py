"""`tre doctor`: is this installation well, and what is to be done where it is not. Refuses to look into a box; that is `tre health`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.exits import Exit
from tre.cli.maintainers import maintainer
from tre.cli.session import Session, session
from tre.health.checks import QUICK, Check, Found, look, note_tables
from tre.records.daybook import Facts


def doctor(ctx: typer.Context) -> None:
    """Engine, disk, clock, keys, stores and their opt-out lists, ledger, checkpoints, backups: each with what to do."""
    examine(session(ctx), QUICK)


def examine(s: Session, checks: Sequence[Check]) -> None:
    """Look, keep what was found in the daybook, and end with a number that says whether all is well."""
    by = maintainer(s)
    eyes = s.house.eyes(by)
    found = look(eyes, checks)
    ill = [each.check for each in found if not each.healthy]
    looked = [each.check for each in found]
    facts: Facts = {"healthy": not ill, "looked": looked, "ill": ill}
    s.house.daybook.note("health", actor=by.person.id, at=by.now, facts=facts)
    if "tables" in looked:
        note_tables(eyes, by.person.id)
    s.answer({"healthy": not ill, "checks": [asdict(each) for each in found]}, draw)
    if ill:
        raise typer.Exit(Exit.UNHEALTHY)


def draw(console: Console, told: dict[str, Any]) -> None:
    """A line for each check, and what to do for each that is ill."""
    for each in (Found(**check) for check in told["checks"]):
        word = "[green]well[/]" if each.healthy else "[bold red]ill[/]"
        console.print(f"{word}  {each.check}: {show.plain(each.found)}")
        if not each.healthy and each.fix:
            console.print(f"      to mend: {show.plain(each.fix)}")
