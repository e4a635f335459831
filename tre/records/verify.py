"""The walk along the chain: is every event the one that was written there, and is it the history that was signed? [P13]

Refuses at the first place that does not fit, and says which. It proves nothing about an end that was cut off, or a
chain made anew, beyond what the checkpoints it is given can prove.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tre.custody.events import (
    LISTS_EVENTS,
    DeletionCertified,
    DeletionOrdered,
    ListsPutInForce,
    PeopleRemembered,
)
from tre.custody.evolve import STEP_OF, fold
from tre.custody.law import LAW, LAW_MAP, LawStage
from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.lists import LISTS, Lists, as_lists
from tre.custody.requests import RequestStage
from tre.custody.retention import RETENTION, Retention, as_retention
from tre.custody.studies import ApplicationStage
from tre.records.checkpoint import Checkpoint
from tre.records.database import GUARDS
from tre.records.envelope import GENESIS, Envelope, hole_in_case, open_envelope
from tre.records.errors import LedgerBroken

Stage = RequestStage | ApplicationStage | LawStage | Lists | Retention

_EVIDENCE = "Stop the service, keep this database as evidence, tell the data protection officer, and restore a backup."


@dataclass(frozen=True)
class Verified:
    """The chain holds.

    Attributes:
        position: the last event's position: how many events there are.
        hash: its hash.
        witnessed: the position up to which a signed checkpoint proves that this is the same history; 0 if none does.
    """

    position: int
    hash: str
    witnessed: int


@dataclass(frozen=True)
class _Standing:
    """Where one case stands on the walk."""

    kind: str
    seq: int
    stage: Stage


_STARTS = {
    "application": _Standing("application", 0, ApplicationStage.NEW),
    "request": _Standing("request", 0, RequestStage.NEW),
    LAW: _Standing(LAW, 0, LawStage.UNSET),
    LISTS: _Standing(LISTS, 0, Lists()),
    RETENTION: _Standing(RETENTION, 0, Retention()),
}


class Walk:
    """One walk from the first event to the last: `step` with each row in order of position, then `end`."""

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        self._signed = sorted(checkpoints, key=lambda checkpoint: checkpoint.position)
        self._position = 0
        self._hash = GENESIS
        self._witnessed = 0
        self._cases: dict[str, _Standing] = {}
        self._compare_with_signed()

    def step(self, row: Mapping[str, Any]) -> None:
        """Take the next row.

        Raises:
            LedgerBroken: it does not fit what came before it.
        """
        expected = self._position + 1
        if row["position"] != expected:
            raise _gap(expected, row["position"])
        envelope = open_envelope(row)
        if envelope.previous != self._hash:
            raise _cut(expected)
        self._follow_case(envelope)
        self._position, self._hash = expected, envelope.hash
        self._compare_with_signed()

    def end(self, standing_guards: frozenset[str]) -> Verified:
        """There are no more rows.

        Raises:
            LedgerBroken: a checkpoint was signed for more events than there are, or the database no longer forbids changes.
        """
        if self._signed:
            raise _truncated(self._position, self._signed[0].position)
        if standing_guards != GUARDS:
            raise _unguarded(self._position)
        return Verified(self._position, self._hash, self._witnessed)

    def _follow_case(self, envelope: Envelope) -> None:
        start = _STARTS.get(envelope.case_kind)
        standing = self._cases.get(envelope.case_id, start)
        if standing is None or envelope.case_kind != standing.kind or envelope.seq != standing.seq + 1:
            raise hole_in_case(envelope.position)
        stage = _next_stage(standing.stage, envelope)
        self._cases[envelope.case_id] = _Standing(standing.kind, envelope.seq, stage)

    def _compare_with_signed(self) -> None:
        while self._signed and self._signed[0].position == self._position:
            if self._signed[0].hash != self._hash:
                raise _rewritten(self._witnessed, self._position)
            self._witnessed = self._position
            del self._signed[0]


def _next_stage(stage: Stage, envelope: Envelope) -> Stage:
    """Where the event leads. A step that is not on the map was never decided: somebody wrote it by hand."""
    if isinstance(stage, LawStage):
        return _next_of_law(stage, envelope)
    if isinstance(stage, Lists):
        return _next_of_lists(stage, envelope)
    if isinstance(stage, Retention):
        return _next_of_retention(stage, envelope)
    step = STEP_OF[type(envelope.event)]
    ways = REQUEST[stage] if isinstance(stage, RequestStage) else APPLICATION[stage]
    if step not in ways:
        raise _impossible(envelope, step, stage)
    return ways[step][1]


def _next_of_law(stage: LawStage, envelope: Envelope) -> Stage:
    if (stage, envelope.kind) not in LAW_MAP:
        raise _impossible(envelope, envelope.kind, stage)
    return LAW_MAP[stage, envelope.kind]


def _next_of_lists(lists: Lists, envelope: Envelope) -> Lists:
    """The lists after the event; none is ever followed by an older one."""
    event = envelope.event
    brought = event.lists if isinstance(event, ListsPutInForce) else ()
    standing = lists.of(event.backend) if isinstance(event, ListsPutInForce) else {}
    older = any(each.kind in standing and each.dated < standing[each.kind].dated for each in brought)
    if older or not isinstance(event, LISTS_EVENTS):
        raise _impossible(envelope, envelope.kind, "a newer list")
    return as_lists(fold(lists, (event,)))


def _next_of_retention(case: Retention, envelope: Envelope) -> Retention:
    """What is gone after the event: an order waits for its certificate, and nothing is certified that was not ordered."""
    wanted = (DeletionCertified,) if case.waits else (DeletionOrdered, PeopleRemembered)
    if not isinstance(envelope.event, wanted):
        raise _impossible(envelope, envelope.kind, "what was ordered")
    return as_retention(fold(case, (envelope.event,)))


def _impossible(envelope: Envelope, step: str, stage: Stage | str) -> LedgerBroken:
    return LedgerBroken(
        "history-impossible",
        envelope.position,
        f"The event at position {envelope.position} cannot have happened: '{step}' does not lead on from '{stage}'.",
        fix=_EVIDENCE,
    )


def _gap(expected: int, found: int) -> LedgerBroken:
    code = "event-missing" if found > expected else "event-out-of-place"
    return LedgerBroken(
        code,
        expected,
        f"At position {expected} of the ledger stands the event of position {found}.",
        fix=_EVIDENCE,
    )


def _cut(position: int) -> LedgerBroken:
    return LedgerBroken(
        "chain-cut",
        position,
        f"The event at position {position} does not follow from the event before it: one was changed, put in or taken out.",
        fix=_EVIDENCE,
    )


def _rewritten(good: int, position: int) -> LedgerBroken:
    return LedgerBroken(
        "chain-rewritten",
        position,
        f"The hashes fit, and this is not the history that was signed: events from {good + 1} to {position} were made anew.",
        fix=_EVIDENCE,
    )


def _truncated(position: int, signed: int) -> LedgerBroken:
    return LedgerBroken(
        "ledger-truncated",
        position + 1,
        f"The ledger ends at position {position}; a checkpoint was signed when it held {signed}.",
        fix=_EVIDENCE,
    )


def _unguarded(position: int) -> LedgerBroken:
    return LedgerBroken(
        "guards-missing",
        position,
        "The chain holds, but the database no longer forbids changing it: somebody took its triggers down.",
        fix="Find out who and when; verify against every checkpoint; then move to a database restored with its triggers.",
    )
