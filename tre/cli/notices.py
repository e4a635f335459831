"""`tre notices …`: send what people are to be told. Refuses to show a message that is not one's own."""

import time
from typing import Annotated

import typer

from tre.cli import show
from tre.cli.session import session

app = typer.Typer(
    help="Tell people what happened, by e-mail and to the site's own address.", no_args_is_help=True
)


@app.command()
def send(
    ctx: typer.Context,
    *,
    every: Annotated[int, typer.Option(help="Go on, every so many seconds; once where it is 0.", min=0)] = 0,
) -> None:
    """Take in what is new, add the day's digest for each checker, and send what is due; how many there are of each state."""
    s = session(ctx)
    telling = s.house.telling()
    counts = telling.round(s.wiring.clock())
    while every:
        time.sleep(every)
        counts = telling.round(s.wiring.clock())
    s.answer(counts, show.facts)
