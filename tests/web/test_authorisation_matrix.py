"""[P16] Every route, asked as everybody, at every stage: allowed exactly where the table says, and nowhere else.

The table is drawn from the routes (`docs/authorisation.md`); what it must come to is worked out here from the map alone, in
a few lines that know nothing of how a page is written.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from scripts.draw_authorisation import faces
from tests.web.stages import Told, stage_of
from tre.custody.commands import Step
from tre.custody.lifecycle import APPLICATION, REQUEST
from tre.custody.people import Person, Role
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage
from tre.web.app import routes_of

HUMAN = [role for role in Role if role is not Role.PLATFORM]
JUDGING = {Step.APPROVE, Step.RETURN, Step.REJECT, Step.REINSTATE, Step.ASSESS}
AUTHORING = {Step.REVISE, Step.WITHDRAW, Step.CANCEL, Step.RESUBMIT, Step.DESCRIBE}
FROM_OUTSIDE = {Step.WITHDRAW: Role.APPROVER, Step.CANCEL: Role.MAINTAINER}
STUDY_VERBS = {
    Step.APPROVE: "approve",
    Step.RETURN: "return",
    Step.REJECT: "reject",
    Step.SUSPEND: "suspend",
    Step.REINSTATE: "reinstate",
    Step.WITHDRAW: "withdraw",
    Step.ASSESS: "sections/about/assess",
    Step.DISCUSS: "sections/about/discuss",
}
REQUEST_VERBS = {Step.CANCEL: "cancel", Step.RESUBMIT: "resubmit", Step.DESCRIBE: "describe"}
SEE_EVERY_STUDY = {
    Role.APPROVER,
    Role.MAINTAINER,
    Role.INFORMATION_GOVERNANCE,
    Role.CALDICOTT_GUARDIAN,
    Role.DATA_PROTECTION_OFFICER,
}
SEE_EVERY_JOB = SEE_EVERY_STUDY | {Role.OUTPUT_CHECKER}


@dataclass(frozen=True)
class Asker:
    """Somebody with one role, on the study or not."""

    role: Role
    member: bool

    @property
    def name(self) -> str:
        """Their account."""
        return f"{'in' if self.member else 'out'}-{self.role}"


ASKERS = [Asker(role, member) for role in HUMAN for member in (True, False)]


@pytest.fixture
def world(desk) -> Any:
    """A site where everybody has exactly one role, and half of them are on the study."""
    like = desk.common.site.people["ada"]
    people = {
        asker.name: replace(like, id=asker.name, roles=frozenset({asker.role}), team="") for asker in ASKERS
    }
    object.__setattr__(desk.common.site, "people", {**desk.common.site.people, **people})
    members = ("ada", *(asker.name for asker in ASKERS if asker.member))
    desk.told = Told(desk.common, desk.proposal(members=members), desk.now())
    return desk


def may(asker: Asker, step: Step, ways: Any) -> bool:
    """Whether the map, and who is on the study, let them."""
    if step not in ways or asker.role not in ways[step][0]:
        return False
    if step in JUDGING:
        return not asker.member
    if step in AUTHORING:
        return asker.member or FROM_OUTSIDE.get(step) is asker.role
    if step is Step.DISCUSS:
        return asker.member or asker.role is Role.APPROVER
    return step is not Step.SUSPEND or asker.role is Role.APPROVER


def form(desk: Any, step: Step) -> dict[str, Any]:
    """What is sent with a step, such that nothing but who asks, and where, can be wrong."""
    asked = desk.told.proposal
    columns = [f"{scope.table}.{column}" for scope in asked.datasets for column in scope.columns]
    approval = {"starts": asked.starts.isoformat(), "ends": asked.ends.isoformat(), "column": columns}
    described = {"population-0": "Everybody."}
    return (
        {"note": "Words.", "do": "agree"}
        | (approval if step is Step.APPROVE else {})
        | (described if step is Step.DESCRIBE else {})
    )


@pytest.mark.slow
@pytest.mark.parametrize("stage", [stage for stage in ApplicationStage if stage is not ApplicationStage.NEW])
def test_a_step_on_an_application_is_taken_exactly_by_whom_the_map_says(
    world, stage: ApplicationStage
) -> None:
    number = 0
    for step, verb in STUDY_VERBS.items():
        study = ""
        for asker in ASKERS:
            if not study or stage_of(world.common, "application", study) != stage:
                study, number = world.told.study(f"study-{number}", stage), number + 1
            seq = len(world.common.service.ledger.case_events(study))
            answer = world.post(asker.name, f"/studies/{study}/{verb}", form(world, step))
            took = len(world.common.service.ledger.case_events(study)) > seq
            expected = may(asker, step, APPLICATION[stage])
            assert (answer.status_code == 303, took) == (expected, expected), (
                stage,
                step,
                asker,
                answer.status_code,
            )
            study = "" if took else study


@pytest.mark.slow
@pytest.mark.parametrize("stage", [stage for stage in RequestStage if stage is not RequestStage.NEW])
def test_a_step_on_a_job_is_taken_exactly_by_whom_the_map_says(world, stage: RequestStage) -> None:
    study, number = world.told.study("study-1", ApplicationStage.APPROVED), 0
    for step, verb in REQUEST_VERBS.items():
        job = ""
        for asker in ASKERS:
            if not job:
                job, number = world.told.request(f"job-{number}", study, stage), number + 1
            seq = len(world.common.service.ledger.case_events(job))
            answer = world.post(asker.name, f"/jobs/{job}/{verb}", form(world, step))
            took = len(world.common.service.ledger.case_events(job)) > seq
            expected = may(asker, step, REQUEST[stage])
            assert (answer.status_code == 303, took) == (expected, expected), (
                stage,
                step,
                asker,
                answer.status_code,
            )
            job = "" if took else job


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
    for method, path, who in routes_of(faces()):
        if who.public or path.startswith("/api"):
            continue
        for asker in (asker for asker in ASKERS if not asker.member):
            answer = (
                world.get(asker.name, _filled(path))
                if method == "GET"
                else world.post(asker.name, _filled(path))
            )
            if path == "/logout":
                world.sign_in(asker.name)
            turned_away = "This is for:" in answer.text
            assert turned_away is not who.admits(_person(asker)), (method, path, asker, answer.status_code)
            assert answer.status_code < 500


@pytest.mark.parametrize("stage", [ApplicationStage.APPLIED, ApplicationStage.APPROVED])
def test_an_application_is_read_exactly_by_whom_it_concerns(world, stage: ApplicationStage) -> None:
    study = world.told.study("study-1", stage)
    for asker in ASKERS:
        sees = asker.member or asker.role in SEE_EVERY_STUDY or stage is ApplicationStage.APPROVED
        assert (world.get(asker.name, f"/studies/{study}").status_code == 200) is sees, asker


def test_a_job_is_read_exactly_by_its_members_and_by_those_who_watch_or_check(world) -> None:
    study = world.told.study("study-1", ApplicationStage.APPROVED)
    job = world.told.request("job-1", study, RequestStage.CHECKED)
    for asker in ASKERS:
        assert (world.get(asker.name, f"/jobs/{job}").status_code == 200) is (
            asker.member or asker.role in SEE_EVERY_JOB
        ), asker
        reads = asker.member or asker.role is Role.OUTPUT_CHECKER
        assert (world.get(asker.name, f"/jobs/{job}/code").status_code == 200) is reads, asker


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
    for path in ("/studies", "/jobs", "/review"):
        assert world.get("lapsed", path).status_code == 403
    assert world.get("lapsed", "/account").status_code == 200


def _filled(path: str) -> str:
    parts = [
        "0" if part.endswith(":int}") else "nowhere" if part.startswith("{") else part
        for part in path.split("/")
    ]
    return "/".join(parts) or "/"


def _person(asker: Asker) -> Person:
    return Person(asker.name, frozenset({asker.role}), date.max)
