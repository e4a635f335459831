"""Events of every kind, built at random from the types of their fields: what Hypothesis appends and reads back."""

import dataclasses
from datetime import date
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from tre.custody.events import EVENTS, Event
from tre.custody.remarks import Remark
from tre.custody.studies import SectionComment

DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)
WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ALWAYS_DIGESTS = {"digest", "raw", "report", "context", "people"}
DIGESTS_OR_NOTHING = {"note"}
ALWAYS_WORDS = {Remark, SectionComment}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of that type."""
    if dataclasses.is_dataclass(hint):
        return nouns(hint)
    if get_origin(hint) is tuple:
        items = st.lists(values(get_args(hint)[0]), min_size=1, max_size=3, unique_by=name_of)
        return items.map(tuple)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return {str: WORD, int: st.integers(0, 2**40), date: st.dates(), bool: st.booleans()}[hint]


def name_of(item: Any) -> Any:
    """What must not be there twice."""
    return getattr(item, "name", item)


def field(kind: Any, name: str, hint: Any) -> st.SearchStrategy[Any]:
    """Values of a noun's field of that name and type."""
    if name in ALWAYS_DIGESTS or (kind in ALWAYS_WORDS and name in DIGESTS_OR_NOTHING):
        return DIGEST
    return DIGEST | st.just("") if name in DIGESTS_OR_NOTHING else values(hint)


def nouns(kind: Any) -> st.SearchStrategy[Any]:
    """Nouns of that kind, valid from birth."""
    hints = get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind)]
    fields = st.fixed_dictionaries({name: field(kind, name, hints[name]) for name in names})
    return fields.map(in_order).map(lambda each: kind(**each))


def in_order(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, with a start before its end."""
    if {"starts", "ends"} <= set(fields):
        starts, ends = sorted((fields["starts"], fields["ends"]))
        return fields | {"starts": starts, "ends": ends}
    return fields


any_event: st.SearchStrategy[Event] = st.sampled_from(list(EVENTS.values())).flatmap(nouns)
