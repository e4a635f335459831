"""The envelope around an event, and the hash that binds it to everything before it [P13].

The hash is SHA-256 over the canonical bytes of every other field, the position and the previous hash among them: no
event can be changed, moved or taken out without changing every hash after it. Refuses to open an envelope whose hash
does not fit what is inside.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tre.custody.encoding import canonical, decode, encode
from tre.custody.errors import Malformed
from tre.custody.events import Event
from tre.records.errors import LedgerBroken, LedgerRefused

GENESIS = "0" * 64
"""What the first event has for a previous hash."""

SCHEMA_VERSION = 1
"""How payloads are spelled. Event fields are only ever added, with defaults, so this has never changed."""

HASHED = (
    "position", "case_id", "case_kind", "seq", "kind", "version", "payload", "actor", "at", "policy", "previous",
)  # fmt: skip

_RESTORE = "Stop the service, keep this database as evidence, tell the data protection officer, and restore a backup."


@dataclass(frozen=True)
class Envelope:
    """One event as the ledger holds it.

    Attributes:
        position: its place in the ledger, dense from 1.
        case_id: the case it happened to.
        case_kind: ``application`` or ``request``.
        seq: its place in the case, dense from 1.
        kind: the event's name.
        event: what happened.
        actor: the account that caused it.
        at: when, in UTC.
        policy: the digest of the site policy in force at that moment.
        previous: the hash of the event before it.
        hash: SHA-256 over all of the above.
        version: how the payload is spelled.
    """

    position: int
    case_id: str
    case_kind: str
    seq: int
    kind: str
    event: Event
    actor: str
    at: datetime
    policy: str
    previous: str
    hash: str
    version: int = SCHEMA_VERSION


def spell_time(at: datetime) -> str:
    """The moment as UTC ISO 8601 with microseconds and a ``Z``: one spelling, which sorts as text.

    Raises:
        LedgerRefused: the moment does not know its time zone.
    """
    if at.tzinfo is None:
        raise LedgerRefused(
            "moment-without-zone",
            "The moment of an event does not say its time zone.",
            fix="Hand in a time in UTC.",
        )
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def spell_event(event: Event) -> str:
    """The event's payload as canonical JSON text, proved to read back as the same event.

    Raises:
        LedgerRefused: the event cannot be written so that it reads back the same.
    """
    try:
        text = canonical(encode(event)).decode()
        same = decode(event.kind, json.loads(text)) == event
    except (Malformed, TypeError, ValueError) as error:
        raise _unspeakable(event) from error
    if not same:
        raise _unspeakable(event)
    return text


def hash_of(row: Mapping[str, Any]) -> str:
    """The hash that belongs to a row of the ledger: over every field but the hash itself."""
    return hashlib.sha256(canonical({name: row[name] for name in HASHED})).hexdigest()


def whole(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same row, after its hash has been found to fit what it says.

    Raises:
        LedgerBroken: it does not.
    """
    if not isinstance(row["position"], int) or _hash_or_none(row) != row["hash"]:
        raise changed(row["position"])
    return row


def open_envelope(row: Mapping[str, Any]) -> Envelope:
    """The envelope that a row holds, after its hash has been found to fit.

    Raises:
        LedgerBroken: the row is not as it was written.
    """
    position = whole(row)["position"]
    try:
        event = decode(row["kind"], json.loads(row["payload"]))
        envelope = wrap(row, event)
        fits = canonical(encode(event)).decode() == row["payload"] and spell_time(envelope.at) == row["at"]
    except (Malformed, TypeError, ValueError) as error:
        raise _unreadable(position) from error
    if not fits or row["version"] != SCHEMA_VERSION or event.kind.partition(".")[0] != row["case_kind"]:
        raise _unreadable(position)
    return envelope


def wrap(row: Mapping[str, Any], event: Event) -> Envelope:
    """The envelope of an event whose row this is."""
    plain = {name: row[name] for name in (*HASHED, "hash") if name not in {"payload", "at"}}
    return Envelope(**plain, event=event, at=datetime.fromisoformat(row["at"]))


def changed(position: int) -> LedgerBroken:
    """What is said of an event whose hash does not fit what it says."""
    return LedgerBroken(
        "event-changed",
        position,
        f"The event at position {position} is not the event that was written there.",
        fix=_RESTORE,
    )


def hole_in_case(position: int) -> LedgerBroken:
    """What is said of an event that is not the next of its case."""
    return LedgerBroken(
        "case-out-of-order",
        position,
        f"The event at position {position} is not the next of its case.",
        fix=_RESTORE,
    )


def _hash_or_none(row: Mapping[str, Any]) -> str | None:
    """The row's true hash; ``None`` where a tampered value cannot even be spelled (bytes in a text column)."""
    try:
        return hash_of(row)
    except (TypeError, ValueError):
        return None


def _unreadable(position: int) -> LedgerBroken:
    return LedgerBroken(
        "event-unreadable",
        position,
        f"The event at position {position} has a fitting hash and cannot be read by this version.",
        fix="Open the ledger with the version that wrote it; if none did, somebody re-made the chain: keep it as evidence.",
    )


def _unspeakable(event: Event) -> LedgerRefused:
    return LedgerRefused(
        "event-not-spellable",
        f"An event of the kind {event.kind!r} holds something that the ledger cannot keep word for word.",
        fix="Check the text that was handed in for broken characters.",
    )
