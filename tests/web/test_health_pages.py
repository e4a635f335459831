"""[P12] [P15] The public is told one word; those who keep the house and those who watch see the board; nobody else sees more than the word."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tre.records.daybook import Daybook
from tre.records.looks import LOOKED
from tre.worker.gate import PAUSED, RESUMED

SAID = "tpp.patients went from 780 rows to 390"


def look(desk: Any, *ill: str) -> None:
    facts = {
        "healthy": not ill,
        "looked": ["disk", "tables", "walls"],
        "ill": list(ill),
        "said": [f"{each}: {SAID}" for each in ill],
        "fix": [f"{each}: Ask the supplier." for each in ill],
    }
    Daybook(desk.common.service.ledger).note(LOOKED, actor="eve", at=desk.now(), facts=facts)


def later(desk: Any) -> None:
    """By the time that a word is looked up anew."""
    desk.ahead += timedelta(minutes=1)


def word(desk: Any) -> str:
    page = desk.get("", "/status").text
    (said,) = re.findall(r'data-status="(\w+)"', page)
    assert desk.get("", "/api/status").json() == {"status": said}
    return said


def test_the_public_is_told_healthy_degraded_or_paused(desk: Any) -> None:
    assert word(desk) == "degraded", "nobody has looked"
    look(desk)
    later(desk)
    assert word(desk) == "healthy"
    look(desk, "tables")
    later(desk)
    assert word(desk) == "degraded"
    daybook = Daybook(desk.common.service.ledger)
    daybook.note(PAUSED, actor="eve", at=desk.now(), facts={"why": "a new disk for Ada"})
    later(desk)
    assert word(desk) == "paused"
    daybook.note(RESUMED, actor="eve", at=desk.now(), facts={"why": ""})
    look(desk)
    later(desk)
    assert word(desk) == "healthy"


def test_the_public_status_says_the_word_and_nothing_else(desk: Any) -> None:
    """No check, no study, no person, no count: the page of a busy, ill site differs from a quiet one's in the word alone."""
    quiet = desk.get("", "/status").text
    desk.approved()
    look(desk, "tables", "walls")
    desk.post("eve", "/incidents/new", {"about": "study-1", "note": "A name."})
    later(desk)
    busy = desk.get("", "/status").text
    assert busy == quiet


@pytest.mark.parametrize(
    ("person", "keeps"),
    [("eve", True), ("fay", True), ("gus", True), ("ada", False), ("ben", False), ("cleo", False)],
)
def test_the_board_is_for_those_who_keep_the_house_and_those_who_watch(
    desk: Any, person: str, keeps: bool
) -> None:
    assert desk.get(person, "/health").status_code == (200 if keeps else 403)
    assert ('href="/health"' in desk.get(person, "/").text) is keeps


def test_the_board_says_what_is_ill_what_to_do_and_what_changed(desk: Any) -> None:
    assert "Nobody has looked yet" in desk.get("eve", "/health").text
    look(desk)
    later(desk)
    look(desk, "tables")
    page = desk.get("eve", "/health").text
    assert "1 of 3 checks are ill" in page
    assert SAID in page
    assert "Ask the supplier." in page
    assert "tables fell ill" in page
    later(desk)
    look(desk)
    assert "tables is well again" in desk.get("eve", "/health").text
    assert "All 3 checks are well" in desk.get("eve", "/health").text


def test_an_open_incident_is_on_the_board_with_what_it_freezes(desk: Any) -> None:
    study = desk.approved()
    answer = desk.post("ada", "/incidents/new", {"about": study, "note": "A name."})
    incident = answer.headers["location"].rpartition("incident=")[2]
    assert incident.startswith("incident-")
    assert incident in desk.get("ada", answer.headers["location"]).text
    page = desk.get("gus", "/health").text
    assert incident in page
    assert study in page
    assert list((desk.site / "evidence").iterdir()), "the click froze the evidence as the command does"
