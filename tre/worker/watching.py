"""What a worker says of itself to machines: counts for its meter, traces for a collector. Refuses to keep the loop waiting."""

import time
from collections.abc import Iterable

from tre.records.envelope import Envelope
from tre.service import REQUEST, Service
from tre.worker.board import Board
from tre.worker.meter import Meter
from tre.worker.traces import Traces

SECONDS_BETWEEN_COUNTS = 5.0


class Watch:
    """Watches one worker's loop."""

    def __init__(self, service: Service, meter: Meter) -> None:
        """Counts only, until `traces` are set."""
        self._service = service
        self._meter = meter
        self._counted_at = 0.0
        self.traces: Traces | None = None

    def heard(self, envelope: Envelope) -> None:
        """Something was written to the ledger."""
        if self.traces is not None and envelope.case_kind == REQUEST:
            history = self._service.ledger.case_events(envelope.case_id)[: envelope.seq]
            self.traces.event(history, self._service.request(envelope.case_id).submission.purpose)

    def looked(self, began: float, board: Board) -> bool:
        """A look that began then is over; whether it is time to count again."""
        ended = time.monotonic()
        self._meter.looked(ended - began, board.position)
        due = ended - self._counted_at >= SECONDS_BETWEEN_COUNTS
        self._counted_at = ended if due else self._counted_at
        return due

    def count(self, board: Board, pools: Iterable[str], waiting: Iterable[str]) -> None:
        """What runs, by pool; what waits, by reason; what is open, by stage."""
        self._meter.now(pools, waiting, (case.stage.value for case in board.cases.values()))

    def close(self) -> None:
        """Send what is left to send."""
        if self.traces is not None:
            self.traces.close()
