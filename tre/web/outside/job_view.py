"""A job request as its members are shown it: words, coarse bands, and one good reason for each action that does not run [P1].

Refuses to say a number that the data could have moved: durations are bands, and nothing else is measured.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tre.custody import events as e
from tre.custody.errors import Refusal
from tre.custody.requests import ActionKind, Job, JobRequest, JobState, RequestStage
from tre.custody.studies import Application
from tre.dispatch.errors import DispatchError
from tre.records.envelope import Envelope
from tre.views import duration_band, request_view, size_band
from tre.web.asking import Ask
from tre.web.look import sign, tone, words
from tre.web.outside.doors import Outside
from tre.worker.foretelling import Foretelling

MOVING = frozenset({RequestStage.SUBMITTED, RequestStage.RUNNING, RequestStage.LANDED})


def job_view(ask: Ask, outside: Outside, case: JobRequest, study: Application) -> dict[str, Any]:
    """The request's outline with, for each action, its state, how long it took in a band or how far it is, and why it waits."""
    view = request_view(
        ask.person, case, study, told=Foretelling(outside.common.service, outside.data).told(case)
    )
    took = _durations(outside.common.service.ledger.case_events(case.id))
    actions = [
        {
            **line,
            **_shown(line["state"]),
            "took": took.get(line["action"]) or _so_far(line),
            "made": _made(job),
            "why": reason(ask, outside, case, job) or line["advice"],
        }
        for line, job in zip(view["actions"], case.jobs, strict=True)
    ]
    said = case.submission
    view |= {"commit": said.commit, "code_authors": list(said.code_authors), "continues": said.continues}
    return view | {"actions": actions, "moving": case.stage in MOVING, **_shown(case.stage.value)}


def reason(ask: Ask, outside: Outside, case: JobRequest, job: Job) -> str:
    """The one good reason why an action is not running; empty where it is, or has ended."""
    if job.state is not JobState.ASKED:
        return ""
    if case.stage not in MOVING:
        return "The request ended before this action began."
    waits = [need for need in job.action.needs if not _has_landed(case, need)]
    if waits:
        return f"It needs {', '.join(waits)}, which has not landed."
    gate = outside.common.gate()
    closed = gate.everything or (gate.data if job.action.kind is not ActionKind.CODE else None)
    if closed:
        return f"{closed.sentence} {closed.fix}"
    try:
        outside.common.service.may_start(ask.now, case.id, job.action.name)
    except (Refusal, DispatchError) as refusal:
        return f"{refusal.sentence} {refusal.fix}"
    return "It is its turn as soon as the worker is free."


def _so_far(line: Mapping[str, str]) -> str:
    """How far an action is, and how long it may take."""
    may_take = f"may take {line['may_take']}" if line["may_take"] else ""
    return "; ".join(filter(None, (line["done"], may_take)))


def _made(job: Job) -> str:
    """How much an action made, in a band; nothing is said of an extract, whose size is that of its rows."""
    told = job.state is JobState.LANDED and job.action.kind is not ActionKind.EXTRACT
    return size_band(sum(output.size for output in job.outputs)) if told else ""


def _has_landed(case: JobRequest, action: str) -> bool:
    job = case.job(action)
    return job is not None and job.state is JobState.LANDED


def _shown(state: str) -> dict[str, str]:
    return {"tone": tone(state), "sign": sign(state), "words": words(state)}


def _durations(history: tuple[Envelope, ...]) -> Mapping[str, str]:
    began: dict[str, datetime] = {}
    took: dict[str, str] = {}
    for envelope in history:
        if isinstance(envelope.event, e.Started):
            began[envelope.event.action] = envelope.at
        elif isinstance(envelope.event, e.Landed | e.Failed) and envelope.event.action in began:
            action = envelope.event.action
            took[action] = duration_band((envelope.at - began[action]).total_seconds())
    return took
