"""[P9] [P13] [P15] [P16] By a token alone: reviewed, talked over, signed off, collected, called back; with every guard that a page has."""

from dataclasses import replace

import pytest

from tests.web.review_world import ROUNDED, TABLE, offered
from tests.web.stages import Told
from tests.web.test_api import token
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage

FILES = {"output/one.csv": ROUNDED, "output/two.csv": ROUNDED.replace(b"120", b"125")}


class Caller:
    """A program with somebody's token."""

    def __init__(self, desk, person: str, *scopes: str) -> None:
        self.desk, self.headers = desk, token(desk, person, *scopes)

    def get(self, path: str, status: int = 200):
        return self._said(self.desk.client().get(f"/api{path}", headers=self.headers), status)

    def post(self, path: str, body=None, status: int = 200):
        sent = {"json": body} if body is not None else {}
        return self._said(self.desk.client().post(f"/api{path}", headers=self.headers, **sent), status)

    @staticmethod
    def _said(answer, status: int):
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer


def looks(desk, job: str) -> list[str]:
    history = desk.common.service.ledger.case_events(job)
    return [each.actor for each in history if each.event.kind == "request.viewed"]


def ballot(view, decision: str = "approve") -> dict:
    return {
        "files": [
            {"path": each["path"], "digest": each["offered"], "decision": decision} for each in view["files"]
        ]
    }


def test_two_checkers_review_blind_and_sign_off_by_the_api_alone(desk) -> None:
    job = offered(desk, FILES)
    cleo, dan = Caller(desk, "cleo"), Caller(desk, "dan")
    assert [row["id"] for row in cleo.get("/review")["rows"]] == [job]
    view = cleo.post("/review/next")
    assert (view["request"], view["held_by"]) == (job, ["cleo"])
    assert {"vote", "request-changes"} <= set(view["allowed_actions"])
    voted = cleo.post(f"/review/{job}/vote", ballot(view))
    assert (voted["stage"], voted["held_by"]) == ("voted", [])
    blind = dan.get(f"/review/{job}")
    assert (blind["votes"], [each["said"] for each in blind["files"]]) == ([], ["", ""])
    first, second = blind["files"]
    for file, decision in ((first, "approve"), (second, "request-changes")):
        word = {"path": file["path"], "digest": file["offered"], "decision": decision, "note": "Say why."}
        dan.post(f"/review/{job}/word", word)
    both = dan.post(f"/review/{job}/vote", {})
    assert both["stage"] == "reviewed"
    assert both["enough"] == [first["path"]]
    changed = {"path": second["path"], "digest": second["offered"], "decision": "approve"}
    assert len(dan.post(f"/review/{job}/change", changed)["enough"]) == 2
    assert dan.post(f"/review/{job}/sign-off")["stage"] == "signed-off"


def test_a_part_is_signed_off_and_the_rest_stays_open(desk) -> None:
    job = offered(desk, FILES)
    cleo, dan = Caller(desk, "cleo"), Caller(desk, "dan")
    cleo.post(f"/review/{job}/vote", ballot(cleo.get(f"/review/{job}")))
    dan.post(f"/review/{job}/vote", ballot(dan.get(f"/review/{job}")))
    assert (
        dan.post(f"/review/{job}/sign-off-part", {"paths": ["output/one.csv"]})["stage"] == "part-signed-off"
    )


def test_every_look_by_a_program_is_on_the_ledger_before_its_bytes(desk) -> None:
    job = offered(desk, {"output/one.csv": TABLE})
    cleo = Caller(desk, "cleo")
    file = cleo.get(f"/review/{job}/files/0")
    assert looks(desk, job) == []
    assert file["findings"]
    window = cleo.get(f"/review/{job}/files/0/rows?side=raw")
    assert (window["columns"], window["rows"][1]) == (["region", "people"], ["London", "3"])
    cleo.get(f"/review/{job}/files/0/rows")
    cleo.get(f"/review/{job}/files/0/changes")
    copy = cleo.post(f"/review/{job}/files/0/copy", {"side": "raw"})
    assert looks(desk, job) == ["cleo"] * 4
    assert copy.headers["content-disposition"].startswith('attachment; filename="unreleased-cleo-')
    assert "sandbox" in copy.headers["content-security-policy"]
    cleo.get(f"/review/{job}/files/0/rows?side=other", status=422)
    cleo.get(f"/review/{job}/files/7", status=404)


def test_a_token_without_judge_votes_on_nothing_and_takes_nothing_away(desk) -> None:
    job = offered(desk, FILES)
    cleo = Caller(desk, "cleo", "read", "write")
    view = cleo.get(f"/review/{job}")
    for verb, body in (
        ("vote", ballot(view)),
        ("sign-off", None),
        ("refuse", {"because": "not-permitted"}),
        ("files/0/copy", {}),
    ):
        assert cleo.post(f"/review/{job}/{verb}", body, status=403)["code"] == "token-too-narrow"
    assert looks(desk, job) == []


@pytest.mark.parametrize("person", ["ada", "ben", "eve"])
def test_nobody_but_an_independent_checker_comes_inside(desk, person: str) -> None:
    job = offered(desk, FILES)
    caller = Caller(desk, person)
    for path in ("", "/files/0", "/files/0/rows", "/files/0/changes", "/files/0/picture"):
        assert caller.get(f"/review/{job}{path}", status=403)["code"] in {
            "not-your-role",
            "not-yours-to-check",
        }
    for verb in ("claim", "sign-off", "remark", "return", "word", "vote"):
        answer = desk.client().post(f"/api/review/{job}/{verb}", headers=caller.headers, json={})
        assert answer.status_code in {400, 403}, (verb, answer.text)
    assert looks(desk, job) == []


def test_talked_over_returned_answered_and_refused(desk) -> None:
    job = offered(desk, FILES)
    cleo, dan, ada = Caller(desk, "cleo"), Caller(desk, "dan"), Caller(desk, "ada")
    digest = cleo.get(f"/review/{job}")["files"][0]["offered"]
    remark = {
        "because": "context-missing",
        "note": "Of whom?",
        "path": "output/one.csv",
        "digest": digest,
        "row": 0,
        "column": 1,
    }
    cleo.post(f"/review/{job}/remark", remark)
    assert cleo.get(f"/review/{job}/files/0")["remarks"][0]["words"] == "Of whom?"
    assert dan.get(f"/review/{job}/files/0")["remarks"] == []
    described = {
        "files": [
            {
                "path": "output/one.csv",
                "population": "Adults.",
                "columns": {"people": {"meaning": "Counted.", "unit": "people"}},
            }
        ]
    }
    ada.post(f"/jobs/{job}/describe", described)
    assert cleo.get(f"/review/{job}/files/0")["context"]["population"] == "Adults."
    returned = cleo.post(f"/review/{job}/return", {"because": "context-missing", "note": "Say of whom."})
    assert returned["stage"] == "returned"
    answered = ada.post(f"/jobs/{job}/resubmit", {"note": "Done.", "withheld": ["output/two.csv"]})
    assert answered["stage"] == "landed"


def test_a_member_speaks_by_the_api_and_reads_the_checkers_once_they_have_answered(desk) -> None:
    job = offered(desk, FILES)
    cleo, ada = Caller(desk, "cleo"), Caller(desk, "ada")
    digest = cleo.get(f"/review/{job}")["files"][0]["offered"]
    theirs = {"because": "context-missing", "note": "Of whom?", "path": "output/one.csv", "digest": digest}
    cleo.post(f"/review/{job}/remark", theirs)
    mine = {"path": "output/one.csv", "note": "Adults.", "row": 0, "column": 1}
    assert "comment" in ada.post(f"/jobs/{job}/remark", mine)["allowed_actions"]
    told = ada.get(f"/jobs/{job}/preflight")["remarks"]["output/one.csv"]
    assert [(each["who"], each["words"]) for each in told] == [("the study", "Adults.")]
    assert [each["words"] for each in cleo.get(f"/review/{job}/files/0")["remarks"]] == [
        "Of whom?",
        "Adults.",
    ]
    cleo.post(f"/review/{job}/return", {"because": "context-missing", "note": "Say of whom."})
    told = ada.get(f"/jobs/{job}/preflight")["remarks"]["output/one.csv"]
    assert [each["who"] for each in told] == ["a checker", "the study"]
    assert ada.post(f"/jobs/{job}/remark", {**mine, "note": ""}, status=422)["code"]


def test_a_member_leaves_a_file_out_by_the_api_and_takes_it_back(desk) -> None:
    job = offered(desk, FILES)
    cleo, ada = Caller(desk, "cleo"), Caller(desk, "ada")
    said = {"path": "output/one.csv", "population": "Adults."}
    left = ada.post(f"/jobs/{job}/describe", {"files": [{**said, "left_out": True}]})
    assert left["left_out"] == ["output/one.csv"]
    view = cleo.get(f"/review/{job}")
    assert (view["left_out"], [each["path"] for each in view["files"]]) == (
        ["output/one.csv"],
        ["output/two.csv"],
    )
    told = {each["path"]: each["left_out"] for each in ada.get(f"/jobs/{job}/preflight")["files"]}
    assert told == {"output/one.csv": True, "output/two.csv": False}
    assert ada.post(f"/jobs/{job}/describe", {"files": [said]})["left_out"] == ["output/one.csv"]
    assert ada.post(f"/jobs/{job}/describe", {"files": [{**said, "left_out": False}]})["left_out"] == []
    assert cleo.get(f"/review/{job}")["total"] == 2


def test_a_request_is_refused_for_good(desk) -> None:
    job = offered(desk, FILES)
    refused = Caller(desk, "cleo").post(
        f"/review/{job}/refuse", {"because": "not-permitted", "note": "Rows."}
    )
    assert (refused["stage"], refused["allowed_actions"]) == ("refused", [])


def test_code_and_what_the_checks_found_are_for_members_and_in_bands(desk) -> None:
    told = Told(desk.common, desk.proposal(), desk.now())
    study = told.study("study-1", ApplicationStage.APPROVED)
    job = told.request("job-1", study, RequestStage.CHECKED)
    ada, ben = Caller(desk, "ada"), Caller(desk, "ben")
    assert ada.get(f"/jobs/{job}/code")["files"] == {}
    assert ada.get(f"/jobs/{job}/changes")["before"] == ""
    for path in ("code", "changes", "preflight"):
        ben.get(f"/jobs/{job}/{path}", status=404)


def test_a_breach_is_reported_with_any_token_even_by_somebody_whose_training_lapsed(desk) -> None:
    told = Told(desk.common, desk.proposal(), desk.now())
    study = told.study("study-1", ApplicationStage.APPROVED)
    job = told.request("job-1", study, RequestStage.RELEASED)
    people = dict(desk.common.site.people)
    people["ben"] = replace(people["ben"], trained_until=desk.now().date().replace(year=2020))
    object.__setattr__(desk.common.site, "people", people)
    ben = Caller(desk, "ben", "read")
    ben.get("/studies", status=403)
    assert ben.post("/incidents", {"about": job, "note": "A name in it."})["stopped"]
    assert desk.common.service.request(job).stage is RequestStage.RECALLED
    assert desk.common.service.study(study).stage is ApplicationStage.SUSPENDED
    ben.post("/incidents", {"about": "nowhere"}, status=404)


def test_an_application_is_begun_kept_and_let_go_of_by_its_author_alone(desk) -> None:
    ada, eve = Caller(desk, "ada"), Caller(desk, "eve")
    draft = ada.post("/drafts", {"fields": {"title": ["Tests"]}})
    kept = ada.post(f"/drafts/{draft['id']}", {"fields": {"title": ["Tests by region"]}})
    assert kept["fields"]["title"] == ["Tests by region"]
    eve.get(f"/drafts/{draft['id']}", status=404)
    eve.post(f"/drafts/{draft['id']}", {"fields": {}}, status=404)
    assert ada.get("/drafts")["total"] == 1
    assert ada.post(f"/drafts/{draft['id']}/drop")["total"] == 0


def test_an_approver_sees_columns_sections_and_what_changed(desk) -> None:
    study = desk.applied()
    ada, ben = Caller(desk, "ada"), Caller(desk, "ben")
    columns = {each["name"]: each for each in ben.get(f"/studies/{study}/columns")["columns"]}
    assert columns["covid_tests.result"]["sensitivity"]
    ben.post(f"/studies/{study}/assess", {"section": "about", "agreed": False, "note": "Plainer."})
    sections = {each["name"]: each for each in ada.get(f"/studies/{study}")["sections"]}
    assert (sections["about"]["assessed"], sections["about"]["note"]) == (False, "Plainer.")
    assert ben.get(f"/studies/{study}/changes")["changes"] == []
    assert ada.get("/inbox")["unread"] >= 1
    assert ada.post("/inbox/read")["unread"] == 0
