"""[P15] A suspected breach is reported by anybody with an account, in one step; an inbox tells of one's own cases and quotes nothing."""

from dataclasses import replace

import pytest

from tests.web.stages import Told
from tre.custody.people import Role
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PLATFORM])
def test_anybody_even_untrained_stops_what_may_be_a_breach(desk, role: Role) -> None:
    people = desk.common.site.people
    anybody = replace(
        people["ada"], id="any", roles=frozenset({role}), trained_until=desk.now().date().replace(year=2020)
    )
    object.__setattr__(desk.common.site, "people", people | {"any": anybody})
    told = Told(desk.common, desk.proposal(), desk.now())
    study = told.study("study-1", ApplicationStage.APPROVED)
    job = told.request("job-1", study, RequestStage.RELEASED)
    assert desk.post("any", "/incidents/new", {"about": job, "note": "I saw a name."}).status_code == 303
    assert desk.common.service.request(job).stage == "recalled"
    assert desk.common.service.study(study).stage == "suspended"


def test_a_study_is_stopped_before_anything_of_it_left(desk) -> None:
    study = desk.approved()
    assert desk.post("eve", "/incidents/new", {"about": study}).status_code == 303
    assert desk.common.service.study(study).stage == "suspended"
    assert desk.post("eve", "/incidents/new", {"about": "nothing"}).status_code == 404
    assert desk.get("", "/incidents/new").status_code == 200


def test_the_inbox_tells_of_ones_own_cases_until_they_are_read(desk) -> None:
    desk.approved("study-1", title="Mine")
    assert "Mine" in desk.get("ada", "/inbox").text
    assert "1 new." in desk.get("ada", "/inbox").text
    assert "Mine" not in desk.get("eve", "/inbox").text
    desk.post("ada", "/inbox/read")
    assert "0 new." in desk.get("ada", "/inbox").text


@pytest.mark.parametrize(
    "path", ["/jobs/study-1", "/jobs/study-1/code", "/studies/job-1", "/studies/job-1/changes"]
)
def test_a_name_of_another_kind_is_nothing_there(desk, path: str) -> None:
    told = Told(desk.common, desk.proposal(), desk.now())
    told.request("job-1", told.study("study-1", ApplicationStage.APPROVED), RequestStage.RELEASED)
    assert desk.get("ada", path).status_code == 404
