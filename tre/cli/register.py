"""`tre register`: the public register of studies, jobs and releases [P12]. Refuses to name a patient or an unreleased result."""

from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.session import session

DRAWN = {
    "studies": ("id", "status", "title", "purpose", "starts", "ends"),
    "jobs": ("id", "study", "status", "submitted_at"),
    "releases": ("id", "study", "files", "released_at", "recalled_at"),
}
"""What fits on a terminal; --json gives all of it."""


def register(ctx: typer.Context) -> None:
    """What the public may read: every study, every job, every release."""
    s = session(ctx)
    s.house.read_models.prepare()
    s.answer(asdict(s.house.read_models.register()), _draw)


def _draw(console: Console, found: dict[str, list[dict[str, Any]]]) -> None:
    for name, keys in DRAWN.items():
        console.print(f"\n[bold]{name}[/]")
        show.rows(console, [{key: line[key] for key in keys} for line in found[name]], nothing="None yet.")
