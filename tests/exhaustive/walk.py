"""The walk: from the new case, every step of everyone in all surroundings, until no new case is found."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from tests.exhaustive.small_world import (
    ABOUT_VOTES,
    AROUND_A_REQUEST,
    AROUND_A_STUDY,
    SAID,
    Surroundings,
    applications_steps,
    request_steps,
)
from tre.custody import commands as c
from tre.custody.carry import standing_of
from tre.custody.cases import Case
from tre.custody.context import Context, Moment
from tre.custody.decide import decide
from tre.custody.errors import Refusal
from tre.custody.events import Event
from tre.custody.evolve import fold
from tre.custody.lifecycle import APPLICATION
from tre.custody.lifecycle import REQUEST as REQUEST_MAP
from tre.custody.outputs import Decision, Vote
from tre.custody.policies import POLICIES, Policy
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

ROUNDS = 2
CLOSED = {"cancelled", "refused", "rejected", "withdrawn", "expired"}
BLIND = {"checked", "voted"}
OPEN_EYED = {"reviewed", "part-signed-off", "signed-off"}
MANY = 2


@dataclass(frozen=True)
class World:
    """A beginning, the surroundings in which everything is asked, and the ones through which cases are reached.

    That the few reach as much as the many is not assumed: the tests fail on a step, anywhere, that leads to a new case.
    """

    start: Case
    around: tuple[Surroundings, ...]
    through: tuple[Surroundings, ...]
    close: tuple[Surroundings, ...]
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


STUDY = World(Application("s1"), AROUND_A_STUDY, AROUND_A_STUDY, AROUND_A_STUDY[1:])
REQUEST = World(JobRequest("r1"), AROUND_A_REQUEST, AROUND_A_REQUEST[:1], ABOUT_VOTES)


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
    """Whether the case is still within the bounds of the walk.

    A few rounds, a few revisions; files described one way, and only where there is one; none left out; whole ballots, and minds changed; into
    another round with no more than two voters; in that round one file, and no more than two new voters.
    """
    if isinstance(case, Application):
        return len(case.proposals) <= world.rounds + 1
    if case.left_out:
        return False
    described = {each.context for each in case.contexts}
    plain = not described or (described == {SAID} and len(case.outputs) < MANY and case.round < world.rounds)
    return case.round <= world.rounds and plain and few(world, case)


def few(world: World, case: JobRequest) -> bool:
    """Whether the votes are few enough to be followed."""
    offered = {each.path for each in case.offered}
    whole = all(offered <= {file.path for file in vote.files} for vote in case.votes)
    again = case.round == world.rounds and case.stage.value != "checked"
    voters = {name for name, _ in case.words} | {
        vote.checker for each in case.standing for vote in each.approvals
    }
    going_round = case.stage.value in {"returned", "landed"} or case.round == world.rounds
    return whole and not (again and len(offered) > 1) and not (going_round and len(voters) > MANY)


def sameness(case: Case) -> Hashable:
    """What two cases share when no rule can tell them apart.

    Independent checkers are as good as each other; so are two versions of a policy, and two lists of opt-outs that an action
    ran under: a rule only asks whether it is today's; no rule reads the number of the round,
    the remarks or the words of a vote (a test looks); a closed case is closed, but for whether something has left. Everything
    else counts.
    """
    if case.stage.value in CLOSED:
        return type(case), case.stage, bool(case.statements) if isinstance(case, JobRequest) else False
    if isinstance(case, Application):
        open_still = case.stage.value in {"applied", "returned"}
        said = tuple((word.section, word.agreed) for word in case.assessed) if open_still else ()
        return case.stage, case.proposals[-1:], case.members, case.approvals, said
    jobs = tuple(replace(job, opt_outs="") for job in case.jobs)
    bare = replace(
        case,
        jobs=jobs,
        votes=(),
        carried=(),
        standing=(),
        contexts=(),
        remarks=(),
        submitter="",
        policy="",
        round=0,
    )
    return bare, tuple(sorted(each.path for each in case.contexts)), votes_of(case)


def votes_of(case: JobRequest) -> Hashable:
    """Each checker's words, whoever they are: while blind, what carried over and what is new; else the last ones.

    Where nothing is voted on, only the approvals that stand; where nothing can follow from them, none.
    """
    offered = {each.path for each in case.offered}
    if case.stage.value in BLIND:
        return by_checker((case.carried, case.votes), offered)
    if case.stage.value in OPEN_EYED:
        return by_checker((said_last(case),), offered)
    approvals = tuple(vote for each in standing_of(case) for vote in each.approvals)
    return by_checker((approvals,), {*offered, *(each.offered.path for each in case.standing)})


def by_checker(votes: tuple[tuple[Vote, ...], ...], paths: set[str]) -> Hashable:
    """For each checker, in no order, the words in each of these groups of votes, as yes or not, on these paths."""
    everyone = {vote.checker for group in votes for vote in group}
    return tuple(sorted(tuple(words(group, name, paths) for group in votes) for name in everyone))


def words(votes: tuple[Vote, ...], name: str, paths: set[str]) -> tuple[tuple[str, bool], ...]:
    """One checker's words: the path, and yes or not."""
    files = [file for vote in votes if vote.checker == name for file in vote.files if file.path in paths]
    return tuple(sorted((file.path, file.decision is Decision.APPROVE) for file in files))


def said_last(case: JobRequest) -> tuple[Vote, ...]:
    """Everyone's last word on every path, carried over or new."""
    return tuple(Vote(name, (word,)) for (name, _), word in case.words.items())
