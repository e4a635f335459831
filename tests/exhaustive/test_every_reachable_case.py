"""[P3] [P4] [P5] [P9] [P14] [P16] Every step, of everyone, in all surroundings, at every case that can be reached.

What the core says is compared with what the oracle says, refusal by refusal; nothing is sampled. `python -m
tests.exhaustive` counts.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from output_checks.model import Verdict
from tests.exhaustive.small_world import PEOPLE
from tests.exhaustive.walk import (
    REQUEST,
    STUDY,
    Attempt,
    World,
    ask,
    attempts,
    reach,
    sameness,
    within,
    without,
)
from tests.oracles.custody_oracle import CELLS, COVID_19, Asked, answer, members_ever, stage_after
from tre.custody import lifecycle, policies
from tre.custody.cases import Case
from tre.custody.commands import Step
from tre.custody.context import Moment
from tre.custody.encoding import decode, encode
from tre.custody.evolve import evolve, fold
from tre.custody.people import Role
from tre.custody.policies import POLICIES, Policy, Question
from tre.custody.requests import JobRequest

WORLDS = {"application": STUDY, "request": REQUEST}
PORTIONS = 4


def expected(attempt: Attempt) -> str:
    """The oracle's answer."""
    return answer(asked(attempt))


def asked(attempt: Attempt) -> Asked:
    return Asked(attempt.case, attempt.command, attempt.context, attempt.around.moment.now)


@cache
def cases(kind: str) -> tuple[Case, ...]:
    """Every case of that kind that can be reached by steps which the oracle, too, allows."""
    return reach(WORLDS[kind], lambda attempt: expected(attempt) == "")


@cache
def shapes(kind: str) -> frozenset[object]:
    return frozenset(sameness(case) for case in cases(kind))


def everything(kind: str, portion: slice) -> Iterator[Attempt]:
    """Every attempt at a portion of the cases.

    A step that does not lead on from a stage is asked for in all surroundings at the first case of that stage, and in today's
    at every other: its answer may rest on the stage alone, and the first case shows whether it does.
    """
    world = WORLDS[kind]
    firsts = {id(case) for case in {case.stage: case for case in reversed(cases(kind))}.values()}
    for case in cases(kind)[portion]:
        if id(case) in firsts:
            yield from attempts(world.around, case)
        else:
            yield from attempts(world.around[:1], case)
            yield from attempts(world.around[1:], case, only_ways=True)


def check_what_happened(kind: str, world: World, attempt: Attempt) -> None:
    """An allowed step leads where the oracle says, to a case that is known, by events that can be written and read."""
    after = fold(attempt.case, attempt.events)
    assert after.stage.value == stage_after(asked(attempt)), attempt.said
    read = tuple(decode(event.kind, plain(encode(event))) for event in attempt.events)
    assert fold(attempt.case, read) == after, attempt.said
    assert sameness(after) in shapes(kind) or not within(world, after), attempt.said
    if isinstance(after, JobRequest) and attempt.command.step in {Step.SIGN_OFF, Step.RELEASE}:
        check_what_leaves(after, attempt)


def plain(value: object) -> object:
    """As JSON gives it back."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def check_what_leaves(case: JobRequest, attempt: Attempt) -> None:
    """[P3] [P4] [P9] [P10] The promise itself, in one breath, whatever the rules are."""
    study = attempt.context.application
    assert study is not None
    assert study.stage.value == "approved", attempt.said
    assert case.submission.purpose.value in COVID_19, attempt.said
    assert case.offered, attempt.said
    assert case.policy == attempt.context.rules.check_policy, attempt.said
    for offered in case.offered:
        assert offered.verdict.value != "refused", attempt.said
        yes = {
            vote.checker
            for vote in case.votes
            for file in vote.files
            if file.digest == offered.digest and file.decision.value == "approve"
        }
        independent = {name for name in yes if Role.OUTPUT_CHECKER in PEOPLE[name].roles} - members_ever(
            study
        )
        assert len(independent) >= 2, attempt.said


@pytest.mark.parametrize("kind", WORLDS)
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_the_core_says_what_the_oracle_says(kind: str, portion: int) -> None:
    world, differing = WORLDS[kind], []
    for attempt in everything(kind, slice(portion, None, PORTIONS)):
        wanted = expected(attempt)
        if wanted != attempt.code:
            differing.append(f"{attempt.said}; the oracle says {wanted or 'yes'}")
        elif attempt.events:
            check_what_happened(kind, world, attempt)
    assert not differing, "\n".join([f"{len(differing)} differences", *differing[:20]])


@pytest.mark.parametrize(
    ("kind", "ways"), [("application", lifecycle.APPLICATION), ("request", lifecycle.REQUEST)]
)
def test_every_cell_of_stage_and_step_is_as_the_manual_says(kind: str, ways: dict) -> None:
    cells = {}
    for stage, step in product(ways, Step):
        if step in ways[stage]:
            owners, end = ways[stage][step]
            cells[stage.value, step.value] = (frozenset(owner.value for owner in owners), end.value)
    assert cells == CELLS[kind]
    assert set(ways) == set(type(next(iter(ways)))), "a stage is not on the map"


@pytest.mark.parametrize("kind", WORLDS)
def test_every_stage_and_every_way_between_stages_is_walked(kind: str) -> None:
    assert {case.stage.value for case in cases(kind)} == {stage for stage, _ in CELLS[kind]} | {
        end for _, end in CELLS[kind].values()
    }
    walked = {
        (attempt.case.stage.value, attempt.command.step.value)
        for case in cases(kind)
        for attempt in attempts(WORLDS[kind].through, case, only_ways=True)
        if attempt.events
    }
    assert walked == set(CELLS[kind])


def test_what_the_walk_cannot_tell_apart_no_rule_reads() -> None:
    read = Counter(
        node.attr
        for path in Path(policies.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    )
    assert read["offered"] > 0
    assert [
        name for name in ("round", "statements", "title", "team", "image", "store", "opt_outs") if read[name]
    ] == [
        "store",
        "opt_outs",
    ]


# Two locks on one door: without the rule the step is still refused, in another's words, or the core stops.
BACKED_UP = {"step_is_on_the_map", "basis_is_known"}
# A lock behind a lock: no case that can be reached gets as far as this rule; it is tried on one that cannot.
BEHIND = "nothing_refused_is_offered"


def refusers(attempt: Attempt) -> list[Policy]:
    """Every rule that refuses, not only the first."""
    question = Question(attempt.case, attempt.command, attempt.context, Moment(attempt.around.moment.now))
    return [policy for policy in POLICIES if refuses(policy, question)]


def refuses(policy: Policy, question: Question) -> bool:
    try:
        return policy.refusal(question) is not None
    except (KeyError, IndexError, AttributeError):
        return True  # a rule that relies on an earlier one, which has refused


@cache
def reduced(kind: str) -> tuple[Case, ...]:
    """A smaller world: the first case of each stage and verdict, and the first from which each way is taken."""
    few: dict[object, Case] = {}
    for case in cases(kind):
        verdicts = {offered.verdict for offered in case.offered} if isinstance(case, JobRequest) else set()
        few.setdefault((case.stage, frozenset(verdicts)), case)
        for attempt in attempts(WORLDS[kind].through, case, only_ways=True):
            if attempt.events:
                few.setdefault((case.stage, attempt.command.step), case)
    return tuple({id(case): case for case in few.values()}.values())


@cache
def held_by_one_rule() -> dict[str, Attempt]:
    """For each rule, an attempt that it alone refuses."""
    found: dict[str, Attempt] = {}
    for kind, world in WORLDS.items():
        for case in reduced(kind):
            for attempt in attempts(world.around, case, only_ways=True):
                if attempt.code and len(alone := refusers(attempt)) == 1:
                    found.setdefault(alone[0].name, attempt)
    return found


@cache
def refused_first() -> dict[str, Attempt]:
    """For each rule, an attempt that it is the first to refuse."""
    found: dict[str, Attempt] = {}
    for kind, world in WORLDS.items():
        for case in reduced(kind):
            for attempt in attempts(world.around[:1], case):
                if attempt.code:
                    found.setdefault(refusers(attempt)[0].name, attempt)
    return found


@pytest.mark.parametrize(
    "policy", [each for each in POLICIES if each.name != BEHIND], ids=lambda policy: policy.name
)
def test_deleting_a_rule_is_noticed(policy: Policy) -> None:
    witness = held_by_one_rule().get(policy.name)
    if policy.name in BACKED_UP:
        assert witness is None, f"it alone holds this, so it is not backed up: {witness and witness.said}"
        witness = refused_first()[policy.name]
        with pytest.raises(LookupError) as caught:
            ask_without(policy, witness)
        assert expected(witness) not in caught.value.args
    else:
        assert witness is not None, "no attempt is refused by this rule alone: the walk cannot see it"
        assert expected(witness) == witness.code
        assert ask_without(policy, witness), "without the rule the step is allowed, and the oracle says no"


def test_had_votes_for_a_refused_file_slipped_through_it_would_still_not_leave() -> None:
    (policy,) = (each for each in POLICIES if each.name == BEHIND)
    signing = (
        attempt
        for case in cases("request")
        for attempt in attempts(REQUEST.around[:1], case, only_ways=True)
        if attempt.command.step is Step.SIGN_OFF and attempt.events
    )
    honest = next(signing)
    assert isinstance(honest.case, JobRequest)
    refused = replace(honest.case.offered[0], verdict=Verdict.REFUSED)
    tampered = honest._replace(case=replace(honest.case, offered=(refused, *honest.case.offered[1:])))
    with pytest.raises(LookupError, match="refused-file-offered"):
        ask_without(POLICIES[0], tampered)
    assert expected(tampered) == "refused-file-offered"
    assert ask_without(policy, tampered)


def ask_without(policy: Policy, attempt: Attempt) -> object:
    moment = attempt.around.moment
    code, events = ask(attempt.case, attempt.command, attempt.context, moment, policies=without(policy))
    if code:
        raise LookupError(code)
    return events


def test_no_rules_at_all_is_not_a_yes() -> None:
    attempt = next(attempts(STUDY.around[:1], STUDY.start))
    with pytest.raises(Exception, match="no policies"):
        ask(attempt.case, attempt.command, attempt.context, attempt.around.moment, policies=())


def test_evolving_is_the_fold_of_one() -> None:
    for case in cases("application"):
        for attempt in attempts(STUDY.around[:1], case, only_ways=True):
            for event in attempt.events:
                assert evolve(case, event) == fold(case, (event,))
