"""`tre serve`: the pages, the API and the worker. Refuses to listen beyond this machine without https in front."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from tre.cli import show
from tre.cli.serve_demo import PASSWORD, Demonstration, begin
from tre.cli.session import Session, session
from tre.records.locks import only_worker
from tre.records.site import SiteError, as_written
from tre.worker import Worker
from tre.worker.incidents import finish
from tre.worker.logs import write_to
from tre.worker.meter import Meter, PageMeter, answer
from tre.worker.traces import Traces, exporter_to

LOG = logging.getLogger("tre.serve")
EVERY_SECONDS, NOTICES_SECONDS = 2, 30
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
    metrics_port: Annotated[
        int | None, typer.Option(help="Answer Prometheus on this port of this host alone.", min=0, max=65535)
    ] = None,
    traces: Annotated[
        str, typer.Option(help="Send a trace of each job to this OpenTelemetry collector (OTLP over HTTP).")
    ] = "",
) -> None:
    """Serve the pages and the API; run the worker and send notices beside them."""
    s = session(ctx)
    place = address or f"http://{host}:{port}"
    _require_sense(host, place, traces, work=work)
    write_to(sys.stderr)
    heard = Heard(traces)
    if metrics_port is not None:
        server, _ = answer(metrics_port, heard.registries)
        s.tell(f"metrics at http://127.0.0.1:{server.server_port}/metrics")
    if demo:
        _demonstrate(ctx, s)
    if work:
        threading.Thread(target=_work, args=(s, heard), daemon=True).start()
    threading.Thread(target=_tell, args=(s,), daemon=True).start()
    threading.Thread(target=_prepare, args=(s,), daemon=True).start()
    s.answer({"address": place, "stop": "Ctrl-C"}, show.facts)
    s.house.serve(host, port, place, heard.pages)


class Heard:
    """How this process is heard by machines: what the pages count, and what the worker of the moment does."""

    def __init__(self, traces: str) -> None:
        """``traces`` is the address of a collector; nothing is sent without."""
        self.pages = PageMeter()
        self._traces = traces
        self._meter: Meter | None = None

    def registries(self) -> tuple[CollectorRegistry, ...]:
        """The counts of the pages, and of the worker where there is one."""
        meter = self._meter
        return (self.pages.registry, *((meter.registry,) if meter is not None else ()))

    def listen_to(self, worker: Worker) -> None:
        """Hear a worker, in the place of the one before."""
        self._meter = worker.tools.meter
        if self._traces:
            worker.watch.traces = Traces(exporter_to(self._traces), "worker")


def _require_sense(host: str, place: str, traces: str, *, work: bool) -> None:
    """Refuse what would be served in the clear, and what nobody would do."""
    if host not in HERE and not place.startswith("https://"):
        raise typer.BadParameter(
            "Beyond this machine the pages are served by https only: put a proxy in front, and name its address."
        )
    if traces and not work:
        raise typer.BadParameter(
            "A trace is made by the worker: leave out --no-work, or give it to `tre worker run`."
        )
    if traces:
        exporter_to(traces).shutdown()


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


def _work(s: Session, heard: Heard) -> None:
    """Work; and where the site's files are written anew, go on under them as soon as nothing runs."""
    with only_worker(s.house.folders.worker_lock("worker")):
        while True:
            seen = as_written(s.site)
            try:
                house = s.wiring.open_house(s.site)
                worker = house.worker("worker")
            except SiteError as error:
                facts = {"code": error.code, "kind": error.where}
                LOG.error("nothing is worked on", extra=facts)  # noqa: TRY400 - its code and place are all there is
                time.sleep(EVERY_SECONDS)
                continue
            finish(house.scene(), s.wiring.clock())
            heard.listen_to(worker)
            _work_until_changed(worker, lambda seen=seen: as_written(s.site) != seen)  # type: ignore[misc] # bound now


def _work_until_changed(worker: Worker, changed: Callable[[], bool]) -> None:
    worker.settle()
    threading.Thread(target=_strike_once, args=(worker, changed), daemon=True).start()
    worker.run(lambda: changed() and not worker.busy)
    worker.close()


def _strike_once(worker: Worker, changed: Callable[[], bool]) -> None:
    """Wake a worker that sleeps, when the site's files have changed."""
    while not changed():
        time.sleep(EVERY_SECONDS)
    worker.strike()


def _prepare(s: Session) -> None:
    """Fold what lists lack, beside the pages: those that are whole are served meanwhile, the others say that they are not."""
    while True:
        try:
            s.house.read_models.prepare()
        except Exception:  # the loop of a face: a database that is away for a while ends no preparing
            LOG.exception("the lists are not prepared; it is tried again")
            time.sleep(NOTICES_SECONDS)
        else:
            return


def _tell(s: Session) -> None:
    """Send what people are to be told, by the ways that the site names, for as long as it is served [P15]."""
    telling, seen = s.house.telling(), as_written(s.site)
    while True:
        try:
            if as_written(s.site) != seen:
                telling, seen = s.wiring.open_house(s.site).telling(), as_written(s.site)
            telling.round(s.wiring.clock())
        except (
            Exception
        ):  # the loop of a face: a mail server that fails in a new way stops nobody's next notice
            LOG.exception("notices were not sent; they are kept, and tried again")
        time.sleep(NOTICES_SECONDS)
