"""`tre worker …`: take what was asked as far as the platform may by itself. Refuses to run beside another worker."""

import logging
import os
import signal
import sys
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Console

from tre.cli import show
from tre.cli.exits import Exit
from tre.cli.maintainers import maintainer
from tre.cli.session import Session, session
from tre.custody.requests import JobState, RequestStage
from tre.records.locks import only_worker
from tre.worker import Waiting, Worker
from tre.worker.gate import DATA_PAUSED, DRAINED, PAUSED, RESUMED
from tre.worker.incidents import finish
from tre.worker.logs import write_to
from tre.worker.traces import Traces, exporter_to

app = typer.Typer(help="Run the worker.", no_args_is_help=True)


@app.command()
def run(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Option(help="This worker's own name among those of the site.")] = "worker",
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when nothing moves.")] = False,
    metrics_port: Annotated[
        int | None, typer.Option(help="Answer Prometheus on this port of this host alone.", min=0, max=65535)
    ] = None,
    traces: Annotated[
        str, typer.Option(help="Send a trace of each job to this OpenTelemetry collector (OTLP over HTTP).")
    ] = "",
) -> None:
    """Run actions, check what lands, release what is signed off; sleep until there is something to do."""
    s = session(ctx)
    write_to(sys.stderr, logging.WARNING if until_idle else logging.INFO)
    with only_worker(s.house.folders.worker_lock(name)):
        worker = s.house.worker(name)
        if traces:
            worker.watch.traces = Traces(exporter_to(traces), name)
        if metrics_port is not None:
            worker.tools.meter.serve(metrics_port)
        _say_walls(s)
        s.house.seals.verify()
        finish(s.house.scene(), s.wiring.clock())
        with closing(worker):
            _work(s, worker, until_idle=until_idle)


def _work(s: Session, worker: Worker, *, until_idle: bool) -> None:
    worker.settle()
    if until_idle:
        s.answer([_line(each) for each in _until_idle(s, worker)], _draw)
    else:
        _run_until_told(worker)


def _until_idle(s: Session, worker: Worker) -> tuple[Waiting, ...]:
    try:
        with Console(stderr=True, quiet=s.as_json).status("working") as status:
            worker.tell = status.update
            return worker.run_until_idle()
    except KeyboardInterrupt:
        _leave_what_runs(worker)
        raise


def _run_until_told(worker: Worker) -> None:
    """Run until a signal says stop. What runs then goes on in its box, and is found there by the next worker."""
    told: list[int] = []

    def stop(number: int, _frame: object) -> None:
        told.append(number)
        worker.strike()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    worker.run(lambda: bool(told))
    _leave_what_runs(worker)
    raise KeyboardInterrupt


def _leave_what_runs(worker: Worker) -> None:
    """Stop now where something runs: to leave as usual would wait for every thread, and so for every job."""
    if worker.busy:
        os._exit(Exit.INTERRUPTED)


def _say_walls(s: Session) -> None:
    missing = s.house.runner().missing_walls()
    if missing and not s.as_json:
        console = Console(stderr=True, highlight=False)
        console.print(f"The {s.house.runner().name} runner lacks these walls:")
        for wall in missing:
            console.print(f"  {show.plain(wall.name)}: {show.plain(wall.threat)}")


def _line(waiting: Waiting) -> dict[str, Any]:
    return {"request": waiting.request, "why": waiting.code, "sentence": waiting.sentence, "fix": waiting.fix}


def _draw(console: Console, lines: list[dict[str, Any]]) -> None:
    show.rows(console, lines, nothing="Nothing is left to do.")


Why = Annotated[str, typer.Option("--why", help="Why, in words; everybody who waits is told.")]


@app.command()
def pause(
    ctx: typer.Context,
    *,
    why: Why,
    data: Annotated[bool, typer.Option("--data", help="Only what reads the store.")] = False,
) -> None:
    """Start nothing new, on any host; what runs goes on. It lasts until somebody resumes."""
    _close(session(ctx), DATA_PAUSED if data else PAUSED, why)


@app.command()
def resume(ctx: typer.Context) -> None:
    """Start again what a pause or a drain kept waiting."""
    _close(session(ctx), RESUMED, "")


@app.command()
def drain(
    ctx: typer.Context,
    *,
    why: Why,
    patience: Annotated[float, typer.Option(help="Seconds to wait for what runs.", min=0)] = 3600,
) -> None:
    """Pause, and wait until nothing runs: before a restart of the host."""
    s = session(ctx)
    _note(s, DRAINED, why)
    bell = s.house.bell()
    until = s.wiring.clock().timestamp() + patience
    while (left := _running(s)) and s.wiring.clock().timestamp() < until:
        bell.wait(5)
    bell.close()
    s.answer({"drained": not left, "running": left}, show.facts)
    if left:
        raise typer.Exit(Exit.BUSY)


def _close(s: Session, kind: str, why: str) -> None:
    _note(s, kind, why)
    s.answer({"state": kind, "why": why}, show.facts)


def _note(s: Session, kind: str, why: str) -> None:
    by = maintainer(s)
    s.house.daybook.note(kind, actor=by.person.id, at=by.now, facts={"why": why})


def _running(s: Session) -> int:
    """How many actions have started and not ended, on any host."""
    cases = (s.house.service.request(request) for request in s.house.service.request_ids())
    moving = {RequestStage.SUBMITTED, RequestStage.RUNNING}
    return sum(job.state is JobState.STARTED for case in cases if case.stage in moving for job in case.jobs)
