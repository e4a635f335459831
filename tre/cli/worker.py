"""`tre worker …`: take what was asked as far as the platform may by itself. Refuses to run beside another worker."""

import signal
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.session import Session, session
from tre.records.locks import only_worker
from tre.worker import Waiting

app = typer.Typer(help="Run the worker.", no_args_is_help=True)


@app.command()
def run(
    ctx: typer.Context,
    *,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when nothing moves.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.1, max=60)] = 1.0,
) -> None:
    """Run actions, check what lands, release what is signed off."""
    s = session(ctx)
    signal.signal(signal.SIGTERM, _stop)
    with only_worker(s.house.folders.worker_lock):
        worker = s.house.worker()
        _say_walls(s)
        s.house.seals.verify()
        worker.settle()
        with Console(stderr=True, quiet=s.as_json).status("working") as status:
            worker.tell = status.update
            waiting = worker.run_until_idle()
        while not until_idle:
            time.sleep(every)
            waiting = worker.run_until_idle()
    s.answer([_line(each) for each in waiting], _draw)


def _say_walls(s: Session) -> None:
    missing = s.house.runner().missing_walls()
    if missing and not s.as_json:
        console = Console(stderr=True, highlight=False)
        console.print(f"The {s.house.runner().name} runner lacks these walls:")
        for wall in missing:
            console.print(f"  {show.plain(wall.name)}: {show.plain(wall.threat)}")


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _line(waiting: Waiting) -> dict[str, Any]:
    return {"request": waiting.request, "why": waiting.code, "sentence": waiting.sentence, "fix": waiting.fix}


def _draw(console: Console, lines: list[dict[str, Any]]) -> None:
    show.rows(console, lines, nothing="Nothing is left to do.")
