"""Events to canonical bytes and back: sorted keys, no spaces, one spelling for every value.

Two events that are equal have the same bytes, so a digest over them means something. Refuses a kind, a field or a type
that it does not know: an event that cannot be read whole is never read in part.
"""

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from tre.custody.errors import Malformed
from tre.custody.events import EVENTS, Event
from tre.custody.later import LATER


def canonical(value: Any) -> bytes:
    """Canonical JSON of plain data: UTF-8, sorted keys, no spaces, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def encode(event: Event) -> dict[str, Any]:
    """The event's fields as plain data; its kind goes beside them, on the envelope."""
    return _plain_fields(event)


def decode(kind: str, untrusted_fields: Any) -> Event:
    """The event of that kind with those fields.

    Raises:
        Malformed: for an unknown kind, an unknown or missing field, or a value of the wrong type.
    """
    if kind not in EVENTS:
        raise Malformed(f"there is no event called {kind!r}")
    event = _build(EVENTS[kind], untrusted_fields)
    if not isinstance(event, Event):
        raise Malformed(f"{kind!r} is not an event")
    return event


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _plain_fields(thing: Any) -> dict[str, Any]:
    said = {
        field.name: getattr(thing, field.name) for field in fields(thing) if _says_something(thing, field)
    }
    return {name: _plain(value) for name, value in said.items()}


def _says_something(thing: Any, field: Field[Any]) -> bool:
    """Whether a field is written: always, unless it was added later and holds its default."""
    return LATER not in field.metadata or getattr(thing, field.name) != field.default


def _build(wanted: Any, untrusted: Any) -> Any:
    if is_dataclass(wanted):
        return _build_dataclass(wanted, untrusted)
    if get_origin(wanted) is tuple:
        return _build_tuple(get_args(wanted)[0], untrusted)
    if isinstance(wanted, type) and issubclass(wanted, StrEnum | date):
        return _build_word(wanted, untrusted)
    if isinstance(wanted, type) and type(untrusted) is wanted:
        return untrusted
    raise Malformed(f"a value is not of the type {_name(wanted)}")


def _build_dataclass(wanted: Any, untrusted: Any) -> Any:
    if not isinstance(untrusted, dict):
        raise Malformed(f"{_name(wanted)} is not an object")
    known = {field.name: field for field in fields(wanted)}
    unknown = set(untrusted) - set(known)
    needed = {
        name for name, field in known.items() if field.default is MISSING and field.default_factory is MISSING
    }
    if unknown or not needed <= set(untrusted):
        raise Malformed(f"{_name(wanted)} has unknown or missing fields")
    hints = _hints(wanted)
    parts = {name: _build(hints[name], value) for name, value in untrusted.items()}
    try:
        return wanted(**parts)
    except ValueError as error:
        raise Malformed(f"{_name(wanted)} cannot be as it says") from error


@cache
def _hints(wanted: Any) -> dict[str, Any]:
    return get_type_hints(wanted)


def _build_tuple(item: Any, untrusted: Any) -> tuple[Any, ...]:
    if not isinstance(untrusted, list):
        raise Malformed("a list was expected")
    return tuple(_build(item, value) for value in untrusted)


def _build_word(wanted: Any, untrusted: Any) -> Any:
    try:
        word = date.fromisoformat(untrusted) if wanted is date else wanted(untrusted)
    except (TypeError, ValueError) as error:
        raise Malformed(f"a value is not a {_name(wanted)}") from error
    if _plain(word) != untrusted:
        raise Malformed(f"a {_name(wanted)} has one spelling, and this is another")
    return word


def _name(wanted: Any) -> str:
    return wanted.__name__ if isinstance(wanted, type) else str(wanted)
