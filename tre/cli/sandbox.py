"""`tre sandbox …`: what this host's sandboxes are worth, tried from inside. Refuses to call a host fit on anybody's word."""

import typer
from rich.console import Console

from sandboxes.__main__ import lines
from tre.cli import show
from tre.cli.exits import Exit
from tre.cli.session import session

app = typer.Typer(help="The sandboxes of this host.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The sandboxes of this host."""


@app.command()
def report(ctx: typer.Context) -> None:
    """Try every wall in every image; say the engine, the kernel and their known holes, and whether jobs may run here."""
    s = session(ctx)
    found = s.wiring.report_on_host(s.site)

    def draw(console: Console, _answer: object) -> None:
        console.print(show.text("\n".join(lines(found))))

    s.answer(found.as_dict(), draw)
    if not found.fit:
        raise typer.Exit(Exit.UNHEALTHY)
