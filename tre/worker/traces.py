"""A trace of each job for OpenTelemetry: one trace a job, a span for each state that it left and for each action.

Made from the ledger alone, with ids that follow from the job's own: whoever sends a span twice sends the same span.
Refuses to say more than the ledger's own words for a state and an outcome, and times finer than a second for a job on
real data [P1]. Nothing waits for a collector: what cannot be sent is dropped, because the ledger has it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanContext, TraceFlags

from job_specs.model import Purpose
from tre.custody.errors import Malformed
from tre.custody.events import Event, Failed, Landed, Started
from tre.custody.evolve import evolve, new_case
from tre.custody.requests import JobRequest, Outcome, RequestStage
from tre.records.envelope import Envelope
from tre.records.remote import is_private
from tre.records.site import SiteError
from tre.service import REQUEST

OVER = frozenset(
    {
        RequestStage.RELEASED,
        RequestStage.FAILED,
        RequestStage.CANCELLED,
        RequestStage.REFUSED,
        RequestStage.RECALLED,
    }
)
SECONDS_TO_SEND = 5
NANO = 1_000_000_000
JOB = "job"


@dataclass(frozen=True)
class Span:
    """One thing that is over: its name, from when until when, and what may be said of it; ``of`` tells it from others."""

    name: str
    began: datetime
    ended: datetime
    of: str
    says: Mapping[str, str]


def spans_ended_by(history: Sequence[Envelope]) -> Iterator[Span]:
    """What the last of a job's events put an end to: a state, an action, the job.

    Args:
        history: every event of one job request, in order, up to that one.
    """
    stages, last = _stages(history), history[-1]
    before, after = stages[-2], stages[-1]
    if isinstance(last.event, Landed | Failed):
        yield _action_span(history)
    if before is not after and before is not RequestStage.NEW:
        entered = next(number for number in range(len(stages) - 2, 0, -1) if stages[number - 1] is not before)
        says = {"tre.left_for": after.value}
        yield Span(f"state {before}", history[entered - 1].at, last.at, f"state {last.seq}", says)
    if after in OVER and before not in OVER:
        yield Span("job", history[0].at, last.at, JOB, {"tre.ended": after.value})


def _stages(history: Sequence[Envelope]) -> list[RequestStage]:
    """The job's stage before its first event, and after each."""
    case = new_case(REQUEST, history[0].case_id)
    stages = [RequestStage.NEW]
    for each in history:
        case = evolve(case, each.event)
        stages.append(case.stage if isinstance(case, JobRequest) else RequestStage.NEW)
    return stages


def _action_span(history: Sequence[Envelope]) -> Span:
    """From when the action that has just ended was started."""
    last = history[-1]
    action, outcome = _ended(last.event)
    starts = (each.at for each in history if isinstance(each.event, Started) and each.event.action == action)
    says = {"tre.action": action, "tre.outcome": outcome.value}
    return Span("action", max(starts, default=last.at), last.at, f"action {last.seq}", says)


def _ended(event: Event) -> tuple[str, Outcome]:
    match event:
        case Failed(action, outcome):
            return action, outcome
        case Landed(action):
            return action, Outcome.SUCCEEDED
    raise Malformed("an action's end was expected")


def exporter_to(untrusted_address: str) -> SpanExporter:
    """What sends to a collector over HTTP.

    Raises:
        SiteError: others could read it on its way.
    """
    if not is_private(untrusted_address):
        raise SiteError(
            "collector-not-private",
            "What is sent to this collector could be read on its way.",
            where="--traces",
            fix="Name an https:// address, or a collector on this host.",
        )
    return OTLPSpanExporter(endpoint=untrusted_address, timeout=SECONDS_TO_SEND)


class Traces:
    """Sends what has ended to a collector, in the background."""

    def __init__(self, exporter: SpanExporter, worker: str) -> None:
        """``exporter`` sends; ``worker`` says who saw it end."""
        self._sender = BatchSpanProcessor(exporter)
        self._resource = Resource.create({"service.name": "tre", "service.instance.id": worker})

    def event(self, history: Sequence[Envelope], purpose: Purpose) -> None:
        """Something happened to a job; ``history`` is all that happened to it, this last."""
        exact = purpose is Purpose.PLATFORM_MAINTENANCE
        for span in spans_ended_by(history):
            self._sender.on_end(self._readable(span, history[0].case_id, exact=exact))

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._sender.force_flush(5000)
        self._sender.shutdown()  # type: ignore[no-untyped-call]

    def _readable(self, span: Span, job: str, *, exact: bool) -> ReadableSpan:
        root = _context(job, JOB)
        return ReadableSpan(
            name=span.name,
            context=_context(job, span.of),
            parent=None if span.of == JOB else root,
            resource=self._resource,
            attributes={"tre.job": job, **span.says},
            start_time=_nanoseconds(span.began, exact=exact),
            end_time=_nanoseconds(span.ended, exact=exact),
        )


def _context(job: str, of: str) -> SpanContext:
    """The ids of a span: they follow from what it is of."""
    trace, span = (hashlib.sha256(words.encode()).digest() for words in (job, f"{job} {of}"))
    return SpanContext(
        int.from_bytes(trace[:16]), int.from_bytes(span[:8]), is_remote=False, trace_flags=TraceFlags(1)
    )


def _nanoseconds(at: datetime, *, exact: bool) -> int:
    return int(at.timestamp() * (NANO if exact else 1)) * (1 if exact else NANO)
