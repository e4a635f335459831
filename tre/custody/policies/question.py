"""What every rule is asked: this case, this command, this context, this moment. Refuses to answer; it only holds the question."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from job_specs.model import Purpose
from tre.custody.cases import Case
from tre.custody.commands import Apply, Command, Revise, Step, Submit
from tre.custody.context import Context, Moment
from tre.custody.errors import Refusal
from tre.custody.lifecycle import APPLICATION, REQUEST, Owners
from tre.custody.people import Person
from tre.custody.requests import JobRequest
from tre.custody.studies import Application, Proposal


@dataclass(frozen=True)
class Question:
    """May this be done to this case, now?"""

    case: Case
    command: Command
    context: Context
    moment: Moment

    @property
    def step(self) -> Step:
        """The verb that is asked for."""
        return self.command.step

    @property
    def actor(self) -> Person:
        """Who asks."""
        return self.context.actor

    @property
    def day(self) -> date:
        """The day on which dated things are judged."""
        return self.moment.day

    @property
    def ways(self) -> Mapping[Step, tuple[Owners, object]]:
        """The steps that lead on from where the case stands, with their owners."""
        if isinstance(self.case, JobRequest):
            return REQUEST[self.case.stage]
        return APPLICATION[self.case.stage]

    @property
    def study(self) -> Application | None:
        """The application that the case is, or belongs to."""
        return self.case if isinstance(self.case, Application) else self.context.application

    @property
    def proposal(self) -> Proposal | None:
        """The proposal in question: the one being made now, or the study's latest."""
        if isinstance(self.command, Apply | Revise):
            return self.command.proposal
        return self.study.proposal if self.study and self.study.proposals else None

    @property
    def purpose(self) -> Purpose | None:
        """The purpose tag under which the step would be taken: the request's own, else the study's."""
        if isinstance(self.command, Submit):
            return self.command.submission.purpose
        if isinstance(self.case, JobRequest) and self.case.submissions:
            return self.case.submission.purpose
        return self.proposal.purpose if self.proposal else None


Rule = Callable[[Question], Refusal | None]


@dataclass(frozen=True)
class Policy:
    """A rule and the steps it governs."""

    rule: Rule
    steps: frozenset[Step]

    @property
    def name(self) -> str:
        """The rule's own name: what the docs and the tests call it."""
        return self.rule.__name__

    def refusal(self, question: Question) -> Refusal | None:
        """The rule's refusal, where the rule governs this step and does not allow it."""
        return self.rule(question) if question.step in self.steps else None
