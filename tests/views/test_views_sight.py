"""Who may see what of a job request [P1] [P9] [P16]: each person's sight, asked for one by one."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_specs.model import Purpose, TableScope
from output_checks.model import CellRef, Confidence, Finding, Severity
from tre.custody.outputs import Vote
from tre.custody.people import Person, Role
from tre.custody.requests import (
    ActionAsked,
    ActionKind,
    Job,
    JobRequest,
    JobState,
    Outcome,
    RequestStage,
    Submission,
)
from tre.custody.studies import Application, ApplicationStage, Proposal
from tre.records.claims import Told
from tre.views import band, finding_view, request_view, sight, size_band, visible_votes

DATA = (TableScope("patients", ("sex",)),)
STUDY = Application(
    "study-1",
    ApplicationStage.APPROVED,
    (
        Proposal(
            "t", "l", "o", Purpose.COVID_19_RESEARCH, "b", ("ada",), DATA, date(2026, 1, 1), date(2027, 1, 1)
        ),
    ),
)
ASKED = ActionAsked("count", ActionKind.AGGREGATE, (), "key")
CASE = JobRequest(
    "job-1",
    RequestStage.VOTED,
    (Submission("study-1", Purpose.COVID_19_RESEARCH, "s", "c", DATA, (ASKED,)),),
    submitter="ada",
    votes=(Vote("cleo", ()),),
)


def person(name: str, *roles: Role) -> Person:
    return Person(name, frozenset(roles), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("who", "outline", "findings", "inside"),
    [
        (person("ada", Role.RESEARCHER), True, True, False),
        (person("ada", Role.RESEARCHER, Role.OUTPUT_CHECKER), True, True, False),
        (person("cleo", Role.OUTPUT_CHECKER), True, True, True),
        (person("eve", Role.MAINTAINER), True, False, False),
        (person("ben", Role.APPROVER), True, False, False),
        (person("gus", Role.CALDICOTT_GUARDIAN), True, False, False),
        (person("zoe", Role.RESEARCHER), False, False, False),
    ],
)
def test_what_each_person_sees_of_a_case(who: Person, outline, findings, inside) -> None:
    seen = sight(who, CASE, STUDY)
    assert (seen.outline, seen.findings, seen.inside) == (outline, findings, inside)


def test_nobody_sees_anothers_vote_while_one_is_missing() -> None:
    assert visible_votes(person("dan", Role.OUTPUT_CHECKER), CASE) == ()
    assert visible_votes(person("ada", Role.RESEARCHER), CASE) == ()
    assert [vote.checker for vote in visible_votes(person("cleo", Role.OUTPUT_CHECKER), CASE)] == ["cleo"]


def test_a_member_who_is_also_a_checker_is_not_offered_a_checkers_step() -> None:
    ada = person("ada", Role.RESEARCHER, Role.OUTPUT_CHECKER)
    assert request_view(ada, CASE, STUDY)["next_steps"] == ["cancel", "comment"]
    cleo = person("cleo", Role.OUTPUT_CHECKER)
    assert "vote" in request_view(cleo, CASE, STUDY)["next_steps"]


@given(st.integers(min_value=0, max_value=10**6))
def test_a_number_of_cells_is_said_in_five_words_at_most(cells: int) -> None:
    assert band(cells) in {"0", "1", "2 to 10", "11 to 100", "more than 100"}


def test_places_and_people_are_for_eyes_inside() -> None:
    finding = Finding(
        "small_count",
        Severity.SUPPRESS,
        Confidence.PROVED,
        "f.csv",
        "Too few.",
        "Merge.",
        "P10",
        column="n",
        cells=(CellRef(3, "n"),),
        people=(2,),
    )
    outside = finding_view(finding, sight(person("ada", Role.RESEARCHER), CASE, STUDY))
    inside = finding_view(finding, sight(person("cleo", Role.OUTPUT_CHECKER), CASE, STUDY))
    assert "places" not in outside
    assert "people" not in outside
    assert outside["cells"] == "1"
    assert inside["people"] == [2]


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "under 1 MB"), (999_999, "under 1 MB"), (10**6, "1 to 100 MB"), (10**8, "more than 100 MB")],
)
def test_how_much_was_made_is_told_in_three_bands(size: int, words: str) -> None:
    assert size_band(size) == words


@pytest.mark.parametrize("state", list(JobState))
def test_how_far_an_action_is_is_said_in_quarters_and_only_while_it_runs(state: JobState) -> None:
    case = replace(CASE, jobs=(Job(ASKED, state),))
    said = [
        request_view(
            person("ada", Role.RESEARCHER), case, STUDY, told=Told({"count": quarters}, {"count": "minutes"})
        )["actions"][0]["done"]
        for quarters in range(4)
    ]
    running = ["", "a quarter is done", "half is done", "three quarters are done"]
    assert said == (running if state is JobState.STARTED else [""] * 4)


@pytest.mark.parametrize("kind", list(ActionKind))
@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_ending_that_something_can_be_done_about_says_what(outcome: Outcome, kind: ActionKind) -> None:
    job = Job(replace(ASKED, kind=kind), JobState.FAILED, outcome)
    case = replace(CASE, jobs=(job,))
    advice = request_view(person("ada", Role.RESEARCHER), case, STUDY)["actions"][0]["advice"]
    can = outcome in {Outcome.OUT_OF_MEMORY, Outcome.OUT_OF_TIME, Outcome.OUTPUTS_REFUSED}
    assert bool(advice) is can
    assert ("disk" in advice) is (outcome is Outcome.OUT_OF_MEMORY and kind is not ActionKind.CODE)


@pytest.mark.parametrize("state", list(JobState))
def test_how_long_an_action_may_take_is_said_until_it_has_ended(state: JobState) -> None:
    case = replace(CASE, jobs=(Job(ASKED, state),))
    told = Told(estimates={"count": "an hour or two"})
    line = request_view(person("ada", Role.RESEARCHER), case, STUDY, told=told)["actions"][0]
    ended = state in {JobState.LANDED, JobState.FAILED}
    assert line["may_take"] == ("" if ended else "an hour or two")
