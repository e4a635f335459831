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
from tests.exhaustive.small_world import PEOPLE, digest
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
from tests.oracles.custody_oracle import CELLS, COVID_19, Asked, answer, leaving, members_ever, stage_after
from tre.custody import lifecycle, policies
from tre.custody.carry import standing_of
from tre.custody.cases import Case
from tre.custody.commands import Step
from tre.custody.context import Moment
from tre.custody.encoding import decode, encode
from tre.custody.evolve import evolve, fold
from tre.custody.people import Role
from tre.custody.policies import POLICIES, SIGNING, Policy, Question
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.requests import JobRequest

WORLDS = {"application": STUDY, "request": REQUEST}
PORTIONS = 4
NEEDS_A_THIRD_FILE = {("part-signed-off", "recall")}
"""One has left, one is signed off, one stays: tried below by hand."""


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
    at the first case of each study and set of verdicts: its answer may rest on the stage alone, and these show whether it does.
    Steps that lead on are asked for in all surroundings at those cases, and at every other case in today's and in those that
    have a say in votes.
    """
    world = WORLDS[kind]
    firsts = {id(case) for case in {case.stage: case for case in reversed(cases(kind))}.values()}
    plain = {id(case) for case in {plainly(case): case for case in reversed(cases(kind))}.values()}
    for case in cases(kind)[portion]:
        if id(case) in firsts:
            yield from attempts(world.around, case)
        elif id(case) in plain:
            yield from attempts(world.around[:1], case)
            yield from attempts(world.around[1:], case, only_ways=True)
        else:
            yield from attempts((*world.around[:1], *world.close), case, only_ways=True)


def plainly(case: Case) -> object:
    """A case but for its votes."""
    if not isinstance(case, JobRequest):
        return id(case)
    verdicts = frozenset(offered.verdict for offered in case.offered)
    jobs = tuple((job.state, job.outputs) for job in case.jobs)
    return case.stage, case.submissions, jobs, verdicts, bool(case.statements), bool(case.contexts)


def check_what_happened(kind: str, world: World, attempt: Attempt) -> None:
    """An allowed step leads where the oracle says, to a case that is known, by events that can be written and read."""
    after = fold(attempt.case, attempt.events)
    assert after.stage.value == stage_after(asked(attempt)), attempt.said
    read = tuple(decode(event.kind, plain(encode(event))) for event in attempt.events)
    assert fold(attempt.case, read) == after, attempt.said
    assert sameness(after) in shapes(kind) or not within(world, after), attempt.said
    if isinstance(after, JobRequest) and attempt.command.step in SIGNING:
        check_what_leaves(attempt)
    if isinstance(after, JobRequest) and attempt.command.step is Step.CHECK:
        check_what_carries_over(after, attempt)


def plain(value: object) -> object:
    """As JSON gives it back."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def check_what_leaves(attempt: Attempt) -> None:
    """[P3] [P4] [P9] [P10] The promise itself, in one breath, whatever the rules are."""
    case, study = attempt.case, attempt.context.application
    assert isinstance(case, JobRequest), attempt.said
    assert study is not None, attempt.said
    assert study.stage.value == "approved", attempt.said
    assert case.submission.purpose.value in COVID_19, attempt.said
    assert case.policy == attempt.context.rules.check_policy, attempt.said
    files = leaving(asked(attempt))
    assert files, attempt.said
    assert not {offered.path for offered in files} & case.left, attempt.said
    for offered in files:
        assert offered.verdict.value != "refused", attempt.said
        words = {checker: word for (checker, path), word in case.words.items() if path == offered.path}
        yes = {
            checker
            for checker, word in words.items()
            if word.digest == offered.digest and word.decision.value == "approve"
        }
        independent = {name for name in yes if Role.OUTPUT_CHECKER in PEOPLE[name].roles} - members_ever(
            study
        )
        assert len(independent) >= 2, attempt.said
        assert len(independent) > len(words) - len(yes), attempt.said


def check_what_carries_over(after: JobRequest, attempt: Attempt) -> None:
    """[P9] An approval carries over only from the very same offer, described the same, by the same person."""
    before = [case for case in (attempt.case, attempt.context.earlier) if isinstance(case, JobRequest)]
    given = {
        (each.offered, each.context, vote.checker)
        for case in before
        for each in standing_of(case)
        for vote in each.approvals
    }
    for vote in after.carried:
        for file in vote.files:
            assert file.decision.value == "approve", attempt.said
            (offered,) = (each for each in after.offered if each.path == file.path)
            assert (offered, after.context_of(file.path), vote.checker) in given, attempt.said


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
    assert walked == set(CELLS[kind]) - NEEDS_A_THIRD_FILE


def test_what_the_walk_cannot_tell_apart_no_rule_reads() -> None:
    read = Counter(
        node.attr
        for path in Path(policies.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    )
    assert read["offered"] > 0
    assert [
        name for name in ("round", "remarks", "comments", "title", "image", "store", "opt_outs") if read[name]
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
        few.setdefault((case.stage, said_of_parts(case)), case)
        for attempt in attempts(WORLDS[kind].through, case, only_ways=True):
            if attempt.events:
                few.setdefault((case.stage, attempt.command.step), case)
    return tuple({id(case): case for case in few.values()}.values())


def said_of_parts(case: Case) -> frozenset[object]:
    """What was said of its files by the checks, or of its sections by an approver."""
    if isinstance(case, JobRequest):
        return frozenset(offered.verdict for offered in case.offered)
    return frozenset(word.agreed for word in case.assessed)


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


def test_what_has_left_is_called_back_while_another_part_waits_to_leave() -> None:
    part_signed = (
        attempt
        for case in cases("request")
        for attempt in attempts(REQUEST.around[:1], case, only_ways=True)
        if attempt.command.step is Step.RECALL
        and attempt.code == "nothing-left"
        and case.stage.value == "part-signed-off"
    )
    refused = next(part_signed)
    assert isinstance(refused.case, JobRequest)
    left = replace(refused.case, statements=(Statement(digest("s"), "x", (ReleasedFile("x", digest("x")),)),))
    code, events = ask(left, refused.command, refused.context, refused.around.moment)
    assert (code, expected(refused._replace(case=left))) == ("", "")
    assert fold(left, events).stage.value == "recalled"


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
