"""`tre serve`: the pages, the API and the worker. Refuses to listen beyond this machine without https in front."""

import threading
from typing import Annotated

import typer

from tre.cli import show
from tre.cli.serve_demo import PASSWORD, Demonstration, begin
from tre.cli.session import Session, session
from tre.records.locks import only_worker

HERE = {"127.0.0.1", "localhost", "::1"}


def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    address: Annotated[
        str, typer.Option(help="Where people reach it, e.g. https://tre.example; default: host and port.")
    ] = "",
    work: Annotated[bool, typer.Option("--work/--no-work", help="Run the worker as well.")] = True,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Begin a site of synthetic people first, with studies at every stage."),
    ] = False,
) -> None:
    """Serve the pages and the API, and run the worker beside them."""
    s = session(ctx)
    place = address or f"http://{host}:{port}"
    if host not in HERE and not place.startswith("https://"):
        raise typer.BadParameter(
            "Beyond this machine the pages are served by https only: put a proxy in front, and name its address."
        )
    if demo:
        _demonstrate(ctx, s)
    if work:
        threading.Thread(target=_work, args=(s,), daemon=True).start()
    s.answer({"address": place, "stop": "Ctrl-C"}, show.facts)
    s.house.serve(host, port, place)


def _demonstrate(ctx: typer.Context, s: Session) -> None:
    """Fill a new site, and say how to sign in; on one that is there already, only new recovery codes are given."""
    command = ctx.find_root().command
    if not (s.site / "site.toml").exists():
        s.tell("a site, and synthetic people behind pseudonyms")
        begin(
            lambda words: command.main(args=[*words], prog_name="tre", standalone_mode=False, obj=s.wiring),
            s.wiring,
            s.site,
        )
        Demonstration(s.wiring, s.house, s.tell).fill()
    codes = Demonstration(s.wiring, s.house, s.tell).enrol()
    said = {person: " ".join(each) for person, each in codes.items()}
    s.answer({"password of everybody": PASSWORD, "codes, each good once": said}, show.facts)


def _work(s: Session) -> None:
    with only_worker(s.house.folders.worker_lock("worker")):
        worker = s.house.worker("worker")
        worker.settle()
        worker.run(lambda: False)
