"""[P9] [P13] [P16] The checkers' pages: the queue, three panes, words kept until they are handed in, and what leaves."""

import json
import threading
from dataclasses import replace
from datetime import date

import pytest

from output_checks.model import Verdict
from tests.web.review_world import ROUNDED, TABLE, check_again, offered
from tre.custody.errors import Refusal
from tre.custody.outputs import Decision, FileVote
from tre.custody.requests import RequestStage
from tre.records.vault.quarantine import Quarantine
from tre.web.inside.queue import working_days

FILES = {"output/one.csv": ROUNDED, "output/two.csv": ROUNDED.replace(b"120", b"125")}


def says(desk, person: str, request: str, **decisions: str) -> None:
    """Give a word on each file: by number, ``f0="approve"``."""
    for name, decision in decisions.items():
        number = int(name[1:])
        file = desk.common.service.request(request).offered[number]
        answer = desk.post(
            person,
            f"/review/{request}/word",
            {"file": str(number), "digest": file.digest, "decision": decision},
        )
        assert answer.status_code == 303, answer.text


def votes(desk, person: str, request: str, **decisions: str) -> None:
    says(desk, person, request, **decisions)
    answer = desk.post(person, f"/review/{request}/vote")
    assert answer.status_code == 303, answer.text


def stage(desk, request: str) -> str:
    return desk.common.service.request(request).stage.value


def test_the_queue_holds_what_waits_and_not_ones_own(desk) -> None:
    request = offered(desk, FILES)
    assert request in desk.get("cleo", "/review").text
    assert request not in desk.get("ada", "/review").text
    assert desk.get("ada", f"/review/{request}").status_code == 403
    assert desk.get("eve", "/review").status_code == 403


def test_a_page_shows_three_panes_and_the_look_is_on_the_ledger_once(desk) -> None:
    request = offered(desk, FILES)
    for _ in range(2):
        page = desk.get("cleo", f"/review/{request}").text
    for words in ("output/one.csv", "output/two.csv", "North East", "What it was made from", "Left before"):
        assert words in page
    looks = [
        each
        for each in desk.common.service.ledger.case_events(request)
        if each.event.kind == "request.viewed"
    ]
    assert [(look.actor) for look in looks] == ["cleo"]


def test_words_are_kept_until_handed_in_and_the_next_file_follows(desk) -> None:
    request = offered(desk, FILES)
    file = desk.common.service.request(request).offered[0]
    answer = desk.post(
        "cleo",
        f"/review/{request}/word",
        {"file": "0", "digest": file.digest, "decision": "approve", "note": "fine"},
    )
    assert answer.headers["location"] == f"/review/{request}?file=1"
    assert stage(desk, request) == "checked"
    assert "So far: approve" in desk.get("cleo", f"/review/{request}?file=0").text
    assert "So far" not in desk.get("dan", f"/review/{request}?file=0").text
    short = desk.post("cleo", f"/review/{request}/vote")
    assert short.status_code == 403
    assert stage(desk, request) == "checked"


def test_a_word_on_bytes_that_are_no_longer_on_offer_is_not_kept(desk) -> None:
    request = offered(desk, FILES)
    answer = desk.post(
        "cleo", f"/review/{request}/word", {"file": "0", "digest": "0" * 64, "decision": "approve"}
    )
    assert answer.status_code == 422
    assert "no longer the one" in answer.text


def test_two_reviews_blind_then_a_part_leaves_and_the_rest_stays_open(desk) -> None:
    request = offered(desk, FILES)
    votes(desk, "cleo", request, f0="approve", f1="request-changes")
    assert "request changes" not in desk.get("dan", f"/review/{request}?file=1").text
    votes(desk, "dan", request, f0="approve", f1="approve")
    page = desk.get("dan", f"/review/{request}?file=1").text
    assert "All words on this file" in page
    assert "request changes" in page
    assert desk.post("dan", f"/review/{request}/sign-off").status_code == 403
    assert desk.post("dan", f"/review/{request}/sign-off-part").status_code == 303
    assert stage(desk, request) == "part-signed-off"
    case = desk.let_out(desk.common.service.release_part, request)
    assert case.stage is RequestStage.REVIEWED
    assert [file.path for statement in case.statements for file in statement.files] == ["output/one.csv"]
    assert [file.path for file in case.offered] == ["output/two.csv"]
    said = json.loads(desk.common.documents.get(case.statements[0].digest))
    assert [each["name"] for each in said["subject"]] == ["output/one.csv"]
    assert [(deed["role"], deed["step"]) for deed in said["predicate"]["deeds"]] == [
        ("output-checker", "vote"),
        ("output-checker", "vote"),
        ("output-checker", "sign-off"),
    ]
    assert "cleo" not in json.dumps(said)
    desk.common.read_models.catch_up()
    assert [release.id for release in desk.common.read_models.register().releases] == [request]
    desk.post("cleo", f"/review/{request}/change", {"file": "0", "decision": "approve"})
    desk.post("dan", f"/review/{request}/sign-off")
    desk.let_out(desk.common.service.release, request)
    desk.common.read_models.catch_up()
    assert [release.id for release in desk.common.read_models.register().releases] == [
        request,
        f"{request}#2",
    ]


def test_a_conflict_is_talked_over_and_a_changed_mind_is_on_the_ledger(desk) -> None:
    request = offered(desk, {"output/one.csv": ROUNDED})
    votes(desk, "cleo", request, f0="request-changes")
    votes(desk, "dan", request, f0="approve")
    said = {
        "file": "0",
        "side": "offered",
        "words": "Row 1 is rounded, see.",
        "row": "1",
        "column": "1",
        "aside": "1",
    }
    assert desk.post("dan", f"/review/{request}/remark", said).status_code == 303
    assert "Row 1 is rounded, see." in desk.get("cleo", f"/review/{request}").text
    assert (
        desk.post("cleo", f"/review/{request}/change", {"file": "0", "decision": "approve"}).status_code
        == 303
    )
    assert desk.post("cleo", f"/review/{request}/sign-off").status_code == 303
    words = [
        (each.actor, each.event.files[0].decision.value)
        for each in desk.common.service.ledger.case_events(request)
        if each.event.kind == "request.voted"
    ]
    assert words == [("cleo", "request-changes"), ("dan", "approve"), ("cleo", "approve")]


def test_who_approves_what_another_objects_to_says_why(desk) -> None:
    request = offered(desk, {"output/one.csv": ROUNDED})
    votes(desk, "cleo", request, f0="request-changes")
    votes(desk, "dan", request, f0="approve")
    bare = desk.post("dan", f"/review/{request}/change", {"file": "0", "decision": "approve"})
    assert bare.status_code == 403
    assert "say why" in bare.text
    worded = {"file": "0", "decision": "approve", "note": "Checked against the code."}
    assert desk.post("dan", f"/review/{request}/change", worded).status_code == 303


def test_sent_back_and_answered_only_what_changed_needs_a_new_look(desk) -> None:
    first = offered(desk, FILES)
    votes(desk, "cleo", first, f0="approve", f1="request-changes")
    votes(desk, "dan", first, f0="approve", f1="approve")
    back = {"reason": "unrounded-counts", "words": "Round the second table."}
    assert desk.post("cleo", f"/review/{first}/return", back).status_code == 303
    mended = {"output/one.csv": ROUNDED, "output/two.csv": ROUNDED.replace(b"120", b"130")}
    second = offered(desk, mended, request="run-2", continues=first)
    case = desk.common.service.request(second)
    assert {vote.checker for vote in case.carried} == {"cleo", "dan"}
    page = desk.get("cleo", f"/review/{second}").text
    assert "Compared with what was last reviewed: 1 cells changed" in page
    assert "<del>125</del>" in page
    votes(desk, "cleo", second, f1="approve")
    votes(desk, "dan", second, f1="approve")
    assert desk.post("dan", f"/review/{second}/sign-off").status_code == 303


def test_a_member_speaks_of_a_cell_to_both_checkers_while_votes_are_blind(desk) -> None:
    request = offered(desk, FILES)
    said = {"path": "output/one.csv", "words": "Adults only.", "row": "2", "column": "1"}
    assert "Say something of a file" in desk.get("ada", f"/jobs/{request}/preflight").text
    assert desk.post("ada", f"/jobs/{request}/remark", said).status_code == 303
    assert "Adults only." in desk.get("ada", f"/jobs/{request}/preflight").text
    for checker in ("cleo", "dan"):
        assert "Adults only." in desk.get(checker, f"/review/{request}?file=0").text
        assert "Adults only." not in desk.get(checker, f"/review/{request}?file=1").text
    (kept,) = desk.common.service.request(request).remarks
    assert (kept.person, kept.remark.row, kept.remark.column) == ("ada", 2, 1)
    assert desk.common.documents.get(kept.remark.note) == b"Adults only."


def with_a_twin(desk) -> str:
    """A request of a file that may leave as it is, and of one that may leave only as its suppressed twin."""
    request = offered(desk, {"output/one.csv": ROUNDED, "output/two.csv": TABLE})
    one, two = desk.common.service.request(request).offered
    twin = Quarantine(desk.site / "vault" / "quarantine").put(TABLE.replace(b"3", b""))
    check_again(desk, request, (one, replace(two, digest=twin, verdict=Verdict.SUPPRESSED)))
    return request


def chosen(desk, request: str, *, first: str = "offered", second: str = "offered"):
    form = {"population-0": "Adults.", "choice-0": first, "population-1": "Adults.", "choice-1": second}
    return desk.post("ada", f"/jobs/{request}/describe", form)


def test_a_file_that_the_study_leaves_out_is_shown_so_and_nobody_lets_it_leave(desk) -> None:
    request = with_a_twin(desk)
    twin = desk.common.service.request(request).offered[1]
    assert "Accept the suppressed twin" in desk.get("ada", f"/jobs/{request}/preflight").text
    assert "has not yet said" in desk.get("cleo", f"/review/{request}?file=1").text
    assert chosen(desk, request, second="left-out").status_code == 303
    assert "Left out of this review." in desk.get("ada", f"/jobs/{request}/preflight").text
    page = desk.get("cleo", f"/review/{request}").text
    assert "Left out of this review by the study" in page
    assert "output/two.csv" in page
    ballot = (FileVote("output/two.csv", twin.digest, Decision.APPROVE),)
    first = FileVote(
        "output/one.csv", desk.common.service.request(request).offered[0].digest, Decision.APPROVE
    )
    with pytest.raises(Refusal, match="vote-not-on-these-bytes"):
        desk.common.service.vote(desk.by("cleo"), request, (first, *ballot))
    votes(desk, "cleo", request, f0="approve")
    votes(desk, "dan", request, f0="approve")
    with pytest.raises(Refusal, match="not-a-part"):
        desk.common.service.sign_off_part(desk.by("dan"), request, ("output/two.csv",))
    assert desk.post("dan", f"/review/{request}/sign-off").status_code == 303
    (signed,) = (
        each.event.files
        for each in desk.common.service.ledger.case_events(request)
        if each.event.kind == "request.signed-off"
    )
    assert signed == (first.digest,)


def test_a_file_left_out_is_taken_back_before_the_first_vote_and_then_voted_on(desk) -> None:
    request = with_a_twin(desk)
    before = desk.common.service.request(request).offered
    chosen(desk, request, second="left-out")
    assert [each.path for each in desk.common.service.request(request).offered] == ["output/one.csv"]
    chosen(desk, request)
    assert desk.common.service.request(request).offered == before
    assert "The study accepts the twin." in desk.get("cleo", f"/review/{request}?file=1").text
    votes(desk, "cleo", request, f0="approve", f1="approve")
    assert stage(desk, request) == "voted"


def test_not_every_file_is_left_out_and_nothing_changes_once_a_vote_is_in(desk) -> None:
    request = with_a_twin(desk)
    assert chosen(desk, request, first="left-out", second="left-out").status_code == 403
    chosen(desk, request, second="left-out")
    votes(desk, "cleo", request, f0="approve")
    before = desk.common.service.request(request)
    assert chosen(desk, request).status_code in {403, 409}
    assert desk.common.service.request(request) == before


def test_checked_again_what_is_left_out_stays_out(desk) -> None:
    request = with_a_twin(desk)
    everything = desk.common.service.request(request).offered
    chosen(desk, request, second="left-out")
    check_again(desk, request, everything)
    case = desk.common.service.request(request)
    assert ([each.path for each in case.offered], case.asked) == (["output/one.csv"], everything)


@pytest.mark.parametrize(
    ("person", "sent", "status"),
    [
        ("eve", {"path": "output/one.csv", "words": "Mine too."}, 403),
        ("ben", {"path": "output/one.csv", "words": "Mine too."}, 403),
        ("ada", {"path": "output/none.csv", "words": "Of nothing."}, 403),
        ("ada", {"path": "output/one.csv", "words": ""}, 422),
        ("ada", {"path": "output/one.csv", "words": "Where?", "row": "one"}, 422),
        ("ada", {"path": "output/one.csv", "words": "Half a place.", "row": "1"}, 422),
    ],
)
def test_a_remark_that_may_not_be_made_is_not_kept(desk, person: str, sent: dict, status: int) -> None:
    request = offered(desk, FILES)
    answer = desk.post(person, f"/jobs/{request}/remark", sent)
    assert (answer.status_code, desk.common.service.request(request).remarks) == (status, ())


def test_a_remark_of_a_checker_is_not_read_by_the_other_before_both_are_in(desk) -> None:
    request = offered(desk, FILES)
    said = {"file": "0", "side": "raw", "words": "Who are the three in London?"}
    assert desk.post("cleo", f"/review/{request}/remark", said).status_code == 303
    assert "three in London" in desk.get("cleo", f"/review/{request}?file=0").text
    assert "three in London" not in desk.get("dan", f"/review/{request}?file=0").text


def test_two_checkers_who_vote_at_the_same_instant_both_count_and_neither_twice(desk) -> None:
    request = offered(desk, FILES)
    for person in ("cleo", "dan"):
        says(desk, person, request, f0="approve", f1="approve")
        desk.get(person, "/account")
    tried, together = [], threading.Barrier(6)

    def hand_in(person: str) -> None:
        ballot = tuple((each.path, each.digest) for each in desk.common.service.request(request).offered)
        together.wait()
        tried.append((person, outcome_of(desk, person, request, ballot)))

    threads = [threading.Thread(target=hand_in, args=(person,)) for person in ("cleo", "dan") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case = desk.common.service.request(request)
    assert case.stage is RequestStage.REVIEWED
    assert sorted(vote.checker for vote in case.votes) == ["cleo", "dan"]
    assert {person for person, outcome in tried if outcome == "in"} == {"cleo", "dan"}


def outcome_of(desk, person: str, request: str, ballot) -> str:
    files = tuple(FileVote(path, digest, Decision.APPROVE) for path, digest in ballot)
    try:
        desk.common.service.vote(desk.by(person), request, files)
    except Refusal as refusal:
        return refusal.code
    return "in"


def test_claims_are_seen_by_others_and_a_third_is_sent_on(desk) -> None:
    request = offered(desk, FILES)
    assert desk.post("cleo", "/review/next").headers["location"] == f"/review/{request}"
    assert "cleo" in desk.get("dan", "/review").text
    assert desk.post("dan", f"/review/{request}/claim").status_code == 303
    assert desk.post("cleo", f"/review/{request}/leave").status_code == 303
    assert "cleo" not in desk.get("dan", "/review").text.replace(">cleo<", "")


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-11-23", "2026-11-25", 2),
        ("2026-11-20", "2026-11-23", 1),
        ("2026-11-25", "2026-11-25", 0),
        ("2026-11-20", "2026-12-06", 10),
        ("2026-11-25", "2026-11-20", 0),
    ],
)
def test_the_clock_counts_working_days(since: str, until: str, days: int) -> None:
    assert working_days(date.fromisoformat(since), date.fromisoformat(until)) == days


def test_small_numbers_are_marked_with_why_and_how_sure(desk) -> None:
    request = offered(desk, {"output/one.csv": TABLE})
    page = desk.get("cleo", f"/review/{request}?side=raw").text
    assert 'class="mark' in page
    assert "small count" in page
    assert "declared" in page or "opaque" in page


def test_a_large_table_comes_in_windows(desk) -> None:
    lines = b"".join(b"%d," % number + b",".join(b"5" for _ in range(199)) + b"\n" for number in range(2000))
    head = b"id," + b",".join(b"c%d" % number for number in range(199)) + b"\n"
    request = offered(desk, {"output/large.csv": head + lines})
    page = desk.get("cleo", f"/review/{request}").text
    assert "2000 rows, 200 columns" in page
    assert page.count("<tr>") < 200
    found = json.loads(desk.get("cleo", f"/review/{request}/rows?file=0&start=1900").text)
    assert found["rows"][0][0] == "1900"
    assert len(found["rows"]) == 100
    assert desk.get("cleo", f"/review/{request}/rows?file=0&start=x").status_code == 404
    assert desk.get("ada", f"/review/{request}/rows?file=0").status_code == 403


def test_what_is_withheld_later_leaves_no_dead_page(desk) -> None:
    request = offered(desk, FILES)
    assert desk.get("cleo", f"/review/{request}?file=7").status_code == 404
    assert desk.get("cleo", "/review/nothing").status_code == 404


def test_checked_again_the_same_nothing_is_lost(desk) -> None:
    request = offered(desk, FILES)
    votes(desk, "cleo", request, f0="approve", f1="approve")
    check_again(desk, request, desk.common.service.request(request).offered)
    case = desk.common.service.request(request)
    assert [vote.checker for vote in case.carried] == ["cleo"]
    votes(desk, "dan", request, f0="approve", f1="approve")
    assert stage(desk, request) == "voted"
