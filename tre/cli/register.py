"""`tre register`: the public register of studies, jobs and releases [P12]. Refuses to name a patient or an unreleased result."""

from dataclasses import asdict

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.session import session


def register(ctx: typer.Context) -> None:
    """What the public may read: every study, every job, every release."""
    s = session(ctx)
    s.house.read_models.catch_up()
    found = asdict(s.house.read_models.register())
    s.answer(found, _draw)


def _draw(console: Console, found: dict[str, list[dict[str, object]]]) -> None:
    for name, lines in found.items():
        console.print(f"\n[bold]{name}[/]")
        show.rows(console, lines, nothing="None yet.")
