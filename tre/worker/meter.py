"""What a worker counts, in the words that Prometheus reads: how much runs, waits, ends and fails, and how long it takes.

Labels are kinds, outcomes and codes of ours. Refuses a label that names a study, a person or a job, a time finer than the
steps of `SECONDS`, because how long an action takes may say how many people it found [P1], and to be asked from elsewhere
than this host: whoever gathers from afar puts an agent of theirs, or a proxy that knows them, beside it.
"""

from collections import Counter as Tally
from collections.abc import Iterable
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

HERE = "127.0.0.1"
SECONDS = (1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600)
"""Steps in which times are told; what takes longer is counted with the last."""
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
        # As the end of its step: a sum of exact times, looked at twice, would tell the last one.
        self._action.labels(kind).observe(next((step for step in SECONDS if seconds <= step), SECONDS[-1]))

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
        """Answer on this host, and nowhere else: ``http://127.0.0.1:port/metrics``. Port 0 takes any that is free."""
        return start_http_server(port, addr=HERE, registry=self.registry)
