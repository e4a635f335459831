"""[P13] Event schemas are for ever: the bytes of one event of every kind, as they were first written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records.built import any_event
from tests.records.examples import EXAMPLES, LATER
from tre.custody.encoding import canonical, decode, encode
from tre.custody.errors import Malformed
from tre.custody.events import EVENTS, Event
from tre.records.envelope import spell_event

GOLDEN = Path(__file__).parents[1] / "golden" / "events"


def golden(kind: str) -> bytes:
    return (GOLDEN / f"{kind}.json").read_bytes()


def test_every_kind_has_a_golden_file_and_an_example_and_nothing_else_has() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EVENTS) == set(EXAMPLES)


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_what_was_written_then_is_written_now(kind: str) -> None:
    assert canonical(encode(EXAMPLES[kind])) == golden(kind)


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_what_was_written_then_is_read_now(kind: str) -> None:
    assert decode(kind, json.loads(golden(kind))) == EXAMPLES[kind]


@pytest.mark.parametrize("kind", sorted(LATER))
def test_a_field_added_later_is_written_and_read_as_it_first_was(kind: str) -> None:
    content = (GOLDEN.parent / "later" / f"{kind}.json").read_bytes()
    assert canonical(encode(LATER[kind])) == content
    assert decode(kind, json.loads(content)) == LATER[kind]


@pytest.mark.parametrize("kind", sorted(LATER))
def test_a_field_added_later_has_one_spelling_of_nothing(kind: str) -> None:
    """Left out, never written empty: an event that says nothing in it has the bytes that it always had."""
    assert set(json.loads(golden(kind))) <= set(encode(LATER[kind]))


@given(any_event)
def test_every_event_reads_back_as_itself(event: Event) -> None:
    text = spell_event(event)
    assert decode(event.kind, json.loads(text)) == event
    assert canonical(json.loads(text)).decode() == text


@given(any_event, any_event)
def test_two_events_have_the_same_bytes_only_if_they_are_the_same(one: Event, other: Event) -> None:
    same = (one.kind, spell_event(one)) == (other.kind, spell_event(other))
    assert same == (one == other)


@pytest.mark.parametrize("kind", sorted(EVENTS))
@given(extra=st.text(min_size=1))
def test_a_field_that_is_not_known_is_not_read_over(kind: str, extra: str) -> None:
    fields = json.loads(golden(kind))
    if extra not in fields:
        with pytest.raises(Malformed):
            decode(kind, fields | {extra: "x"})


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in sorted(EVENTS) for field in json.loads(golden(kind))]
)
@pytest.mark.parametrize("wrong", [None, 7, True, "", "no such word", [], [7], {}, {"x": 1}], ids=repr)
def test_a_value_of_another_type_never_passes_for_an_event(kind: str, field: str, wrong: object) -> None:
    fields = json.loads(golden(kind)) | {field: wrong}
    try:
        event = decode(kind, fields)
    except Malformed:
        return
    assert json.loads(spell_event(event)) == fields, "it was read as something else"


@pytest.mark.parametrize("kind", [kind for kind in sorted(EVENTS) if json.loads(golden(kind))])
def test_a_missing_field_is_not_made_up(kind: str) -> None:
    fields = json.loads(golden(kind))
    for name in fields:
        with pytest.raises(Malformed):
            decode(kind, {key: value for key, value in fields.items() if key != name})
