"""What a worker and the pages count, in the words that Prometheus reads: how much runs, waits, ends and fails, and how long it takes.

Labels are kinds, outcomes and codes of ours, and a page's address as it stands in our code. Refuses a label that names a study, a person or a job, a time finer than the
steps of `SECONDS`, because how long an action takes may say how many people it found [P1], and to be asked from elsewhere
than this host: whoever gathers from afar puts an agent of theirs, or a proxy that knows them, beside it.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.registry import Collector

HERE = "127.0.0.1"
SECONDS = (1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600)
"""Steps in which times are told; what takes longer is counted with the last."""
PAGE_SECONDS = (0.1, 0.5, 1, 5, 30, 120)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""What nobody here has a name for: what a stranger sends must not become a label."""
DECISION_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2)
"""A decision knows of no row: it is told finer."""


class Meter:
    """The counts of one worker; every method may be called from any thread."""

    def __init__(self) -> None:
        """Nothing has been counted."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        at = self.registry
        self._ended = Counter("tre_actions_ended", "Actions that ended.", ("kind", "outcome"), registry=at)
        self._faults = Counter("tre_faults", "Faults of the platform, by code.", ("code",), registry=at)
        self._ledger_away = Counter("tre_ledger_away", "Looks that found no ledger.", registry=at)
        self._running = Gauge("tre_running", "What runs now.", ("pool",), registry=at)
        self._waiting = Gauge(
            "tre_waiting", "Requests that wait, by the one good reason.", ("reason",), registry=at
        )
        self._open = Gauge(
            "tre_requests_open", "Requests that are not finished, by stage.", ("stage",), registry=at
        )
        self._head = Gauge("tre_ledger_position", "The last event that this worker has seen.", registry=at)
        self._look = Histogram(
            "tre_look_seconds", "How long one look takes.", buckets=DECISION_SECONDS, registry=at
        )
        self._action = Histogram(
            "tre_action_seconds", "How long actions take, coarsely.", ("kind",), buckets=SECONDS, registry=at
        )

    def ended(self, kind: str, outcome: str, seconds: float) -> None:
        """An action of a kind ended so, after so long."""
        self._ended.labels(kind, outcome).inc()
        self._action.labels(kind).observe(_step(seconds, SECONDS))

    def fault(self, code: str) -> None:
        """The platform failed at something."""
        self._faults.labels(code).inc()

    def ledger_away(self) -> None:
        """The ledger did not answer."""
        self._ledger_away.inc()

    def looked(self, seconds: float, position: int) -> None:
        """One look was taken, and this is how far the ledger was then."""
        self._look.observe(seconds)
        self._head.set(position)

    def now(self, running: Iterable[str], waiting: Iterable[str], stages: Iterable[str]) -> None:
        """What runs, by pool; what waits, by reason; what is open, by stage."""
        for gauge, found in ((self._running, running), (self._waiting, waiting), (self._open, stages)):
            gauge.clear()
            for label, number in Tally(found).items():
                gauge.labels(label).set(number)

    def serve(self, port: int) -> tuple[WSGIServer, Thread]:
        """Answer on this host; see `answer`."""
        return answer(port, lambda: (self.registry,))


class PageMeter:
    """The counts of one process that serves pages."""

    def __init__(self) -> None:
        """Nothing has been counted."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        at = self.registry
        self._asked = Counter(
            "tre_pages", "Pages asked for, by what was answered.", ("method", "page", "status"), registry=at
        )
        self._took = Histogram(
            "tre_page_seconds", "How long pages take, coarsely.", ("page",), buckets=PAGE_SECONDS, registry=at
        )

    def answered(self, method: str, page: str, status: int, seconds: float) -> None:
        """A page was answered, after so long. ``page`` is its address in our code, with names where ids stand."""
        known = method if method in METHODS else OTHER
        self._asked.labels(known, page or OTHER, str(status)).inc()
        self._took.labels(page or OTHER).observe(_step(seconds, PAGE_SECONDS))


class _Together(Collector):
    """The counts of several, as they are when they are asked for."""

    def __init__(self, registries: Callable[[], Iterable[CollectorRegistry]]) -> None:
        self._registries = registries

    def collect(self) -> Iterable[Metric]:
        """Everything that they count."""
        for registry in self._registries():
            yield from registry.collect()


def answer(port: int, registries: Callable[[], Iterable[CollectorRegistry]]) -> tuple[WSGIServer, Thread]:
    """Answer on this host, and nowhere else: ``http://127.0.0.1:port/metrics``. Port 0 takes any that is free."""
    together = CollectorRegistry()
    together.register(_Together(registries))
    return start_http_server(port, addr=HERE, registry=together)


def _step(seconds: float, steps: Sequence[float]) -> float:
    """The end of the step that a time is in: a sum of exact times, looked at twice, would tell the last one."""
    return next((step for step in steps if seconds <= step), steps[-1])
