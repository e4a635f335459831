"""How reviewing goes: rounds counted from the ledger, against the promise; nothing of one person."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.review_world import ROUNDED, check_again, offered
from tests.web.stages import Told
from tests.web.test_job_pages import token
from tests.web.test_review_pages import votes
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage
from tre.records.read_models import ReviewRow
from tre.records.read_models.listing import Wanted
from tre.web.inside.metrics import at_share

FILES = {"output/one.csv": ROUNDED}


def rounds(desk) -> list[ReviewRow]:
    desk.common.read_models.catch_up()
    return list(desk.common.read_models.listing(ReviewRow, Wanted("offered_at", oldest_first=True)).rows)


def test_a_round_ends_with_its_answer_and_the_next_offer_begins_another(desk) -> None:
    job = offered(desk, FILES)
    shown = desk.common.service.request(job).offered
    assert [(row.id, row.ended) for row in rounds(desk)] == [(f"{job}#1", "")]
    desk.post("cleo", f"/review/{job}/return", {"reason": "context-missing", "words": "Of whom?"})
    desk.post("ada", f"/jobs/{job}/resubmit", {"note": "Adults."})
    check_again(desk, job, shown)
    for person in ("cleo", "dan"):
        votes(desk, person, job, f0="approve")
    desk.post("dan", f"/review/{job}/sign-off")
    first, second = rounds(desk)
    assert (first.ended, first.because, first.voted_at) == ("returned", "context-missing", "")
    assert (second.ended, second.because) == ("signed off", "")
    assert second.voted_at
    assert desk.common.read_models.rebuild()
    assert rounds(desk) == [first, second]


def test_the_page_says_how_long_how_it_ended_and_why(desk) -> None:
    monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
    desk.ahead = monday - desk.now()
    for number, days in enumerate((1, 2, 9)):
        job = offered(desk, FILES, request=f"run-{number}")
        desk.ahead += timedelta(days=days)
        desk.sign_in("cleo") if "cleo" in desk.clients else None
        answer = desk.post("cleo", f"/review/{job}/return", {"reason": "small-numbers", "words": "Seven."})
        assert answer.status_code == 303, answer.text
    said = desk.client().get("/api/review/metrics", headers=token(desk, "cleo")).json()
    assert (said["rounds"], said["ends"], said["reasons"]) == (3, {"returned": 3}, {"small-numbers": 3})
    assert (said["median_days"], said["within_promise"], said["promised"]) == (2, 2, 5)
    page = desk.get("cleo", "/review/metrics").text
    for words in ("Within 5 working days", "small numbers", "67 %"):
        assert words in page
    assert not any(f">{person}<" in page for person in ("dan", "ada"))


def test_what_ended_more_than_a_year_ago_is_not_counted_and_what_waits_is(desk) -> None:
    told = Told(desk.common, desk.proposal(), desk.now() - timedelta(days=400))
    study = told.study("study-1", ApplicationStage.APPROVED)
    told.request("old", study, RequestStage.SIGNED_OFF)
    offered(desk, FILES, request="new", study="study-2")
    said = desk.client().get("/api/review/metrics", headers=token(desk, "cleo")).json()
    assert said["rounds"] == 0
    assert said["waiting"] == {"checked": 1, "signed-off": 1}


@pytest.mark.parametrize("person", ["ada", "ben"])
def test_it_is_for_those_who_check_and_those_who_watch(desk, person: str) -> None:
    allowed = person == "ada"  # a researcher who is an output checker as well
    assert (desk.get(person, "/review/metrics").status_code == 200) is allowed
    assert desk.get("eve", "/review/metrics").status_code == 200


@pytest.mark.parametrize(
    ("counted", "share", "found"),
    [
        ({}, 0.5, 0),
        ({3: 1}, 0.5, 3),
        ({1: 1, 2: 1}, 0.5, 1),
        ({1: 1, 2: 8, 9: 1}, 0.9, 2),
        ({0: 9, 7: 1}, 0.99, 7),
    ],
)
def test_a_share_is_read_from_the_counts(counted, share: float, found: int) -> None:
    assert at_share(counted, share) == found
