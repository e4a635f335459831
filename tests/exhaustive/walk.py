"""The walk: from the new case, every step of everyone in all surroundings, until no new case is found."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from tests.exhaustive.small_world import (
    AROUND_A_REQUEST,
    AROUND_A_STUDY,
    Surroundings,
    applications_steps,
    request_steps,
)
from tre.custody import commands as c
from tre.custody.cases import Case
from tre.custody.context import Context, Moment
from tre.custody.decide import decide
from tre.custody.errors import Refusal
from tre.custody.events import Event
from tre.custody.evolve import fold
from tre.custody.lifecycle import APPLICATION
from tre.custody.lifecycle import REQUEST as REQUEST_MAP
from tre.custody.outputs import Decision
from tre.custody.policies import POLICIES, Policy
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

ROUNDS = 2
CLOSED = {"cancelled", "refused", "rejected", "withdrawn", "expired"}
VOTES_COUNT = {"voted", "reviewed", "signed-off"}


@dataclass(frozen=True)
class World:
    """A beginning, the surroundings in which everything is asked, and the ones through which cases are reached.

    That the few reach as much as the many is not assumed: the tests fail on a step, anywhere, that leads to a new case.
    """

    start: Case
    around: tuple[Surroundings, ...]
    through: tuple[Surroundings, ...]
    rounds: int = ROUNDS


class Attempt(NamedTuple):
    """One step asked for, and what the core said: a refusal's code, or events."""

    case: Case
    command: c.Command
    context: Context
    around: Surroundings
    code: str
    events: tuple[Event, ...]

    @property
    def said(self) -> str:
        """In words, for a failing test."""
        outcome = self.code or ", ".join(event.kind for event in self.events)
        return f"{self.context.actor.id} asks {self.command} of a case {self.case.stage}, {self.around.name}: {outcome}"


STUDY = World(Application("s1"), AROUND_A_STUDY, AROUND_A_STUDY)
REQUEST = World(JobRequest("r1"), AROUND_A_REQUEST, AROUND_A_REQUEST[:1])


def reach(world: World, follow: Callable[[Attempt], bool]) -> tuple[Case, ...]:
    """Every case that can be reached, nearest first, by steps that may be followed."""
    waiting: deque[Case] = deque([world.start])
    known = {sameness(world.start): world.start}
    while waiting:
        case = waiting.popleft()
        for attempt in attempts(world.through, case):
            if attempt.events and follow(attempt):
                after = fold(case, attempt.events)
                if within(world, after) and (key := sameness(after)) not in known:
                    known[key] = after
                    waiting.append(after)
    return tuple(known.values())


def attempts(around: Sequence[Surroundings], case: Case, *, only_ways: bool = False) -> Iterator[Attempt]:
    """Every command of every person, at one case, in these surroundings; or only the steps that lead on from its stage."""
    steps = [*(applications_steps(case) if isinstance(case, Application) else request_steps(case))]
    ways = APPLICATION[case.stage] if isinstance(case, Application) else REQUEST_MAP[case.stage]
    for command in steps:
        if not only_ways or command.step in ways:
            study = study_of(case, command)
            for there in around:
                for context in contexts(there, study):
                    yield Attempt(case, command, context, there, *ask(case, command, context, there.moment))


@cache
def contexts(around: Surroundings, study: str) -> tuple[Context, ...]:
    """What is handed to the core there, for each person who may ask."""
    return around.contexts(study)


def ask(
    case: Case,
    command: c.Command,
    context: Context,
    moment: Moment,
    *,
    policies: tuple[Policy, ...] = POLICIES,
) -> tuple[str, tuple[Event, ...]]:
    """The refusal's code, or the events."""
    try:
        return "", decide(case, command, context, moment, policies=policies)
    except Refusal as refusal:
        return refusal.code, ()


def study_of(case: Case, command: c.Command) -> str:
    """The study that the service would load for a request; none for an application, which is its own."""
    if isinstance(command, c.Submit):
        return command.submission.application
    return case.submission.application if isinstance(case, JobRequest) and case.submissions else ""


def without(policy: Policy) -> tuple[Policy, ...]:
    """All the rules but this one."""
    return tuple(each for each in POLICIES if each is not policy)


def within(world: World, case: Case) -> bool:
    """Whether the case is still within the bounds of the walk: a few rounds, a few revisions."""
    return (
        case.round <= world.rounds
        if isinstance(case, JobRequest)
        else len(case.proposals) <= world.rounds + 1
    )


def sameness(case: Case) -> Hashable:
    """What two cases share when no rule can tell them apart.

    Independent checkers are as good as each other; so are two versions of a policy; no rule reads the number of the round
    or the words of a vote (a test looks); a closed case is closed. Everything else counts.
    """
    if case.stage.value in CLOSED:
        return type(case), case.stage
    if isinstance(case, Application):
        return case.stage, case.proposals[-1:], case.members, case.approvals
    bare = replace(case, votes=(), submitter="", policy="", round=0)
    return bare, votes_of(case) if case.stage.value in VOTES_COUNT else ()


def votes_of(case: JobRequest) -> Hashable:
    """Each vote as yes or not, file by file, whoever cast it."""
    return tuple(
        sorted(tuple(file.decision is Decision.APPROVE for file in vote.files) for vote in case.votes)
    )
