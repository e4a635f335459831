"""The API says and does what the pages do; whatever is sent to it, nothing in it breaks."""

import base64
import itertools
import os
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.web.review_world import ROUNDED, offered
from tests.web.test_job_pages import zipped
from tre.records.accounts import Token
from tre.records.accounts.passwords import digest_of

EXAMPLES = int(os.environ.get("TRE_API_EXAMPLES", "8"))
ANSWERS = ("application/json", "image/png", "application/zip", "application/octet-stream")
SCHEMA = "/api/schema/openapi.json"


def token(desk, person: str, *scopes: str) -> dict[str, str]:
    """The header of a token of theirs."""
    secret, now = f"tre_{person}_{'_'.join(scopes)}", int(desk.now().timestamp())
    made = Token(f"token-{secret}", person, "test", scopes or ("read", "write", "judge"), now, now + 3600, 0)
    desk.common.accounts.add_token(digest_of(secret), made)
    return {"authorization": f"Bearer {secret}"}


def proposal(desk, **changed: Any) -> dict[str, Any]:
    day = desk.now().date()
    return {
        "title": "Tests by region",
        "lay_summary": "How many people had a positive test.",
        "organisation": "University of Example",
        "purpose": "covid-19-research",
        "legal_basis": "covid-19-directions-2020",
        "members": ["ada"],
        "datasets": {
            "patients": ["patient_id", "date_of_birth", "sex", "region", "imd_quintile"],
            "covid_tests": ["patient_id", "specimen_date", "result"],
            "admissions": ["patient_id", "admission_date", "primary_diagnosis"],
        },
        "starts": day.isoformat(),
        "ends": (day + timedelta(days=90)).isoformat(),
    } | changed


def test_a_study_walks_from_application_to_a_cancelled_job_by_the_api_alone(desk) -> None:
    client, ada, ben = desk.client(), token(desk, "ada"), token(desk, "ben")
    study = client.post("/api/studies", json=proposal(desk), headers=ada).json()
    assert "approve" not in study["allowed_actions"]
    path = f"/api/studies/{study['study']}"
    assert "approve" in client.get(path, headers=ben).json()["allowed_actions"]
    given_ = {key: proposal(desk)[key] for key in ("starts", "ends", "datasets")}
    approved = client.post(f"{path}/approve", json=given_, headers=ben)
    assert approved.json()["stage"] == "approved", approved.text
    code = base64.b64encode(zipped()).decode()
    job = client.post("/api/jobs", json={"study": study["study"], "code": code}, headers=ada).json()
    assert (job["stage"], job["allowed_actions"]) == ("submitted", ["cancel"])
    assert client.get("/api/jobs", headers=ada).json()["total"] == 1
    ended = client.post(f"/api/jobs/{job['request']}/cancel", json={"note": "no"}, headers=ada).json()
    assert (ended["stage"], ended["allowed_actions"]) == ("cancelled", [])


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (("read",), "get", "/api/studies", 200),
        (("write",), "get", "/api/studies", 403),
        (("read",), "post", "/api/studies/study-1/suspend", 403),
        (("read", "write"), "post", "/api/studies/study-1/approve", 403),
    ],
)
def test_a_token_does_what_its_owner_chose_and_no_more(
    desk, scopes, method: str, path: str, status: int
) -> None:
    desk.applied()
    day = desk.now().date().isoformat()
    body = (
        {"json": {"starts": day, "ends": day, "datasets": {"patients": ["sex"]}}} if method == "post" else {}
    )
    assert (
        getattr(desk.client(), method)(path, headers=token(desk, "ben", *scopes), **body).status_code
        == status
    )


def test_a_token_ends(desk) -> None:
    header = token(desk, "ada")
    assert desk.client().get("/api/me", headers=header).status_code == 200
    desk.ahead += timedelta(hours=2)
    answer = desk.client().get("/api/me", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "signed-out")
    assert desk.client().get("/api/me", headers={"authorization": "Bearer nonsense"}).status_code == 401


def test_a_refusal_is_a_code_a_sentence_and_what_to_do(desk) -> None:
    answer = desk.client().post(
        "/api/studies", json=proposal(desk, members=["ben"]), headers=token(desk, "ada")
    )
    assert answer.status_code == 403
    assert set(answer.json()) == {"code", "sentence", "fix", "promise"}
    assert answer.json()["code"] == "not-a-member"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"title": 1}', b'{"unknown": 1}', b"\xff\xfe", b"null"])
def test_a_body_that_cannot_be_read_is_refused_in_words(desk, body: bytes) -> None:
    headers = token(desk, "ada") | {"content-type": "application/json"}
    answer = desk.client().post("/api/studies", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "request-unclear"


def test_the_description_is_for_everybody_and_loads_nothing(desk) -> None:
    described = desk.client().get(SCHEMA).json()
    assert {"/api/me", "/api/studies", "/api/jobs", "/api/register/studies"} <= set(described["paths"])
    assert "json" in desk.client().get("/api/schema").headers["content-type"]


@pytest.mark.slow
def test_whatever_is_sent_to_any_part_of_the_api_nothing_in_it_breaks(desk) -> None:
    desk.approved()
    job = offered(desk, {"output/one.csv": ROUNDED})
    known = {"case_id": ("study-1", job), "job": (job,), "study": ("study-1",), "number": (0,), "index": (0,)}
    headers = [token(desk, person) for person in ("ada", "ben", "cleo", "eve")]
    schema = schemathesis.openapi.from_dict(desk.client().get(SCHEMA).json())
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 60
    for number, operation in enumerate(operations):
        for header in (headers[number % len(headers)], headers[0], headers[2]):
            _tried(desk, operation, header, known)


def _tried(desk, operation, header: dict[str, str], known: dict[str, tuple[Any, ...]]) -> None:
    """Send what the description allows, to cases that are not there and to those that are."""
    turns = itertools.count()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case) -> None:
        turn = next(turns)
        if turn % 2:
            there = {
                name: known[name][turn // 2 % len(known[name])]
                for name in case.path_parameters
                if name in known
            }
            case.path_parameters = case.path_parameters | there
        sent = case.as_transport_kwargs(base_url=desk.settings.address, headers=header)
        sent.pop("cookies", None)
        answer = desk.client().request(**sent)
        assert answer.status_code < 500, (operation.label, sent, answer.text)
        assert answer.headers["content-type"].split(";")[0] in ANSWERS, operation.label

    send()
