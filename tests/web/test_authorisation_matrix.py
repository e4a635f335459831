"""[P16] Every step, at every stage, by every role, on the study and apart from it: by the core, by each page and by the API.

What it must come to is written apart, from the policy alone (`tests/oracles/authorisation_oracle.py`). The routes come from the app:
one that says nothing of who may ask, or that takes a step and is tried nowhere, fails here.
"""

from dataclasses import replace
from typing import Any

import pytest
from litestar import get

from output_checks.check import check
from output_checks.model import Offered as ForCheck
from output_checks.policy import load_policy
from scripts.draw_authorisation import faces
from tests.oracles.authorisation_oracle import may
from tests.web.attempts import API, PAGES, STARTING, Attempt, Trial, code
from tests.web.authorisation import APPLICATIONS, ASKERS, HUMAN, MEMBERS, PATHS, Asker, allowed, cells
from tests.web.review_world import ROUNDED as TABLE
from tests.web.stages import Told
from tests.web.test_api import token
from tre.custody.errors import Refusal
from tre.custody.people import Person, Role
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage
from tre.records.vault.quarantine import Quarantine
from tre.web.app import Face, build, routes_of

SEE_EVERY_STUDY = {
    Role.APPROVER,
    Role.MAINTAINER,
    Role.INFORMATION_GOVERNANCE,
    Role.CALDICOTT_GUARDIAN,
    Role.DATA_PROTECTION_OFFICER,
}
SEE_EVERY_JOB = SEE_EVERY_STUDY | {Role.OUTPUT_CHECKER}
STUDY_STAGES = [stage for stage in ApplicationStage if stage is not ApplicationStage.NEW]
JOB_STAGES = [stage for stage in RequestStage if stage is not RequestStage.NEW]


@pytest.fixture
def world(desk) -> Any:
    """A site where everybody has exactly one role, and half of them are on the study."""
    like = desk.common.site.people["ada"]
    people = {
        asker.name: replace(like, id=asker.name, roles=frozenset({asker.role}), team="") for asker in ASKERS
    }
    object.__setattr__(desk.common.site, "people", {**desk.common.site.people, **people})
    desk.told = Told(desk.common, desk.proposal(members=MEMBERS), desk.now())
    shelf = Quarantine(desk.site / "vault" / "quarantine")
    checked = check(
        ForCheck(path=PATHS[0], content=TABLE), load_policy(pack=desk.common.site.disclosure_pack)
    )
    desk.told.raw, desk.told.report = shelf.put(TABLE), shelf.put(checked.to_json(inside=True).encode())
    desk.cases = {}
    return desk


# -- the core ----------------------------------------------------------------------------------------------------


def test_the_core_allows_each_step_exactly_where_the_policy_does() -> None:
    asked = [*cells()]
    wrong = [
        cell for cell in asked if allowed(cell) != expected(cell.kind, cell.step, cell.stage, cell.asker)
    ]
    assert wrong == []
    assert len(asked) == (10 * len(ApplicationStage) + 12 * len(RequestStage)) * len(ASKERS)


def expected(kind: str, step: str, stage: str, asker: Asker) -> bool:
    """What the policy says."""
    return may(kind, step, stage, asker.role.value, member=asker.member)


# -- every route that takes a step ---------------------------------------------------------------------------------


def test_every_route_that_takes_a_step_is_tried() -> None:
    taking = {
        f"{method} {path}" for method, path, who in routes_of(faces()) if who.steps and method == "POST"
    }
    assert sorted(taking - {*PAGES, *API, *STARTING}) == []
    assert sorted({*PAGES, *API, *STARTING} - taking) == []


@pytest.mark.slow
@pytest.mark.parametrize("stage", STUDY_STAGES)
def test_a_page_s_step_on_an_application_is_taken_exactly_by_whom_the_policy_says(world, stage) -> None:
    for route, attempt in PAGES.items():
        if attempt.kind == APPLICATIONS:
            tried(world, route, attempt, stage)


@pytest.mark.slow
@pytest.mark.parametrize("stage", JOB_STAGES)
def test_a_page_s_step_on_a_job_is_taken_exactly_by_whom_the_policy_says(world, stage) -> None:
    for route, attempt in PAGES.items():
        if attempt.kind != APPLICATIONS:
            tried(world, route, attempt, stage)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STUDY_STAGES)
def test_the_api_s_step_on_an_application_is_taken_exactly_by_whom_the_policy_says(world, stage) -> None:
    for route, attempt in API.items():
        if attempt.kind == APPLICATIONS:
            tried(world, route, attempt, stage)


@pytest.mark.slow
@pytest.mark.parametrize("stage", JOB_STAGES)
def test_the_api_s_step_on_a_job_is_taken_exactly_by_whom_the_policy_says(world, stage) -> None:
    for route, attempt in API.items():
        if attempt.kind != APPLICATIONS:
            tried(world, route, attempt, stage)


def tried(world: Any, route: str, attempt: Attempt, stage: Any) -> None:
    """One route at one stage, as everybody; a case is used again until a step on it was taken."""
    world.told.paths, world.told.objected = PATHS[: attempt.files], PATHS[1 : attempt.files]
    for asker in ASKERS:
        case = at_stage(world, stage, asker)
        before = len(world.common.service.ledger.case_events(case))
        status = asked(world, route, attempt, Trial(world, world.told, asker, case))
        took = len(world.common.service.ledger.case_events(case)) > before
        right = expected(attempt.kind, attempt.step, stage.value, asker)
        right = right and not (attempt.desk and (asker.member or asker.role is not Role.OUTPUT_CHECKER))
        answered = right or attempt.heard
        assert (status in {200, 303}, took) == (answered, right), (route, stage, asker, status, took)
        if took:
            world.cases.clear()


def asked(world: Any, route: str, attempt: Attempt, trial: Trial) -> int:
    """Ask for the route; gives the status."""
    path = route.removeprefix("POST ").replace("{case_id:str}", trial.case).replace("{job:str}", trial.case)
    path = path.replace("{section:str}", "about")
    if path.startswith("/api"):
        headers = world.tokens.setdefault(f"api-{trial.asker.name}", None) or token(world, trial.asker.name)
        world.tokens[f"api-{trial.asker.name}"] = headers
        return world.client().post(path, json=attempt.sends(trial), headers=headers).status_code
    return world.post(trial.asker.name, path, attempt.sends(trial)).status_code


def at_stage(world: Any, stage: Any, asker: Asker) -> str:
    """A case at that stage; where a second vote is in, it is this checker's."""
    checks = asker.role is Role.OUTPUT_CHECKER and isinstance(stage, RequestStage)
    world.told.second = asker.name if checks else "dan"
    key = (stage, world.told.second, world.told.paths)
    if key not in world.cases:
        world.number = getattr(world, "number", 0) + 1
        if isinstance(stage, ApplicationStage):
            world.cases[key] = world.told.study(f"study-{world.number}", stage)
        else:
            if not world.common.service.study("study").proposals:
                world.told.study("study", ApplicationStage.APPROVED)
            world.cases[key] = world.told.request(f"job-{world.number}", "study", stage)
    return world.cases[key]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STUDY_STAGES)
def test_a_job_is_begun_exactly_by_researchers_on_a_study_that_is_approved(world, stage) -> None:
    study = world.told.study("study-1", stage)
    sent = code()
    for asker in ASKERS:
        right = stage is ApplicationStage.APPROVED and asker == Asker(Role.RESEARCHER, member=True)
        api = world.client().post(
            "/api/jobs", json={"study": study, "code": sent["base64"]}, headers=token(world, asker.name)
        )
        assert (api.status_code == 200) is right, (asker, api.text)
        if asker.role in {Role.RESEARCHER, Role.MAINTAINER}:
            page = world.post(asker.name, "/jobs/new", {"study": study}, files=sent["files"])
            assert (page.status_code == 303) is right, (asker, page.text)
        else:
            assert world.post(asker.name, "/jobs/new", {"study": study}).status_code == 403


def test_a_study_is_applied_for_exactly_by_researchers_for_themselves(world) -> None:
    for asker in ASKERS:
        begun = world.post(asker.name, "/studies/new")
        assert (begun.status_code == 303) is (asker.role in {Role.RESEARCHER, Role.MAINTAINER}), asker


# -- the doors -----------------------------------------------------------------------------------------------------


def test_a_new_route_that_does_not_say_who_may_ask_is_not_served(desk) -> None:
    @get("/new", sync_to_thread=False)
    def new() -> str:
        return "never read"

    with pytest.raises(Refusal) as refused:
        build(desk.common, (Face("new", (new,)),))
    assert refused.value.code == "route-undeclared"


def test_nobody_in_particular_comes_past_the_door_of_any_route_that_is_not_public(world) -> None:
    for method, path, who in routes_of(faces()):
        if who.public:
            continue
        filled = _filled(path)
        answer = world.get("", filled) if method == "GET" else world.post("", filled)
        signed_out = (
            answer.status_code == 401
            if path.startswith("/api")
            else answer.headers.get("location", "").startswith("/login")
        )
        assert signed_out, (method, path, answer.status_code)


@pytest.mark.slow
def test_every_route_turns_away_exactly_the_roles_that_it_does_not_name(world) -> None:
    for asker in (asker for asker in ASKERS if not asker.member):
        headers = token(world, asker.name)
        for method, path, who in routes_of(faces()):
            if who.public:
                continue
            filled = _filled(path)
            if path.startswith("/api"):
                ask = world.client().get if method == "GET" else world.client().post
                answer = ask(filled, headers=headers)
            elif method == "GET":
                answer = world.get(asker.name, filled)
            else:
                answer = world.post(asker.name, filled)
            if path == "/logout":
                world.sign_in(asker.name)
            turned_away = "This is for:" in answer.text
            person = Person(asker.name, frozenset({asker.role}), world.now().date())
            assert turned_away is not who.admits(person), (method, path, asker, answer.status_code)
            assert answer.status_code < 500


# -- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stage", STUDY_STAGES)
def test_an_application_is_read_exactly_by_whom_it_concerns(world, stage: ApplicationStage) -> None:
    study = world.told.study("study-1", stage)
    ever = bool(world.common.service.study(study).approvals)
    for asker in ASKERS:
        sees = asker.member or asker.role in SEE_EVERY_STUDY or ever
        headers = token(world, asker.name)
        for path in (f"/studies/{study}", f"/studies/{study}/changes"):
            assert (world.get(asker.name, path).status_code == 200) is sees, (path, asker)
        assert (world.client().get(f"/api/studies/{study}", headers=headers).status_code == 200) is sees


@pytest.mark.slow
@pytest.mark.parametrize("stage", JOB_STAGES)
def test_a_job_is_read_exactly_by_its_members_and_by_those_who_watch_or_check(world, stage) -> None:
    world.told.study("study", ApplicationStage.APPROVED)
    job = world.told.request("job-1", "study", stage)
    case = world.common.service.request(job)
    for asker in ASKERS:
        checks = asker.role is Role.OUTPUT_CHECKER
        outline, inside = asker.member or asker.role in SEE_EVERY_JOB, asker.member or checks
        apart = checks and not asker.member
        for path, sees in (
            (f"/jobs/{job}", outline),
            (f"/jobs/{job}/code", inside),
            (f"/jobs/{job}/changes", inside),
            (f"/releases/{job}", inside and bool(case.statements)),
        ):
            assert (world.get(asker.name, path).status_code == 200) is sees, (path, asker)
        answer = world.client().get(f"/api/jobs/{job}", headers=token(world, asker.name))
        assert (answer.status_code == 200) is outline, asker
        if not apart:
            assert world.get(asker.name, f"/review/{job}").status_code == 403, asker


@pytest.mark.parametrize("role", HUMAN)
def test_somebody_whose_training_has_lapsed_reports_a_breach_and_does_nothing_else(world, role: Role) -> None:
    people = dict(world.common.site.people)
    lapsed = replace(
        people["ada"],
        id="lapsed",
        roles=frozenset({role}),
        trained_until=world.now().date().replace(year=2020),
    )
    object.__setattr__(world.common.site, "people", people | {"lapsed": lapsed})
    for path in ("/studies", "/jobs", "/review", "/platform"):
        assert world.get("lapsed", path).status_code == 403
    for path in ("/account", "/incidents/new"):
        assert world.get("lapsed", path).status_code == 200


def _filled(path: str) -> str:
    parts = [
        "0" if part.endswith(":int}") else "nowhere" if part.startswith("{") else part
        for part in path.split("/")
    ]
    return "/".join(parts) or "/"
