"""Job requests: what was asked to run, how far it got, and what came of it. Refuses two actions with one name."""

from dataclasses import dataclass, replace
from enum import StrEnum

from job_specs.model import Purpose, TableScope
from tre.custody.errors import require
from tre.custody.later import later
from tre.custody.outputs import Offered, Output, Vote
from tre.custody.releases import Statement


class RequestStage(StrEnum):
    """Where a job request stands."""

    NEW = "new"
    SUBMITTED = "submitted"
    RUNNING = "running"
    LANDED = "landed"
    CHECKED = "checked"
    VOTED = "voted"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    SIGNED_OFF = "signed-off"
    RELEASED = "released"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    RECALLED = "recalled"


class ActionKind(StrEnum):
    """How an action reaches data: SQL over the store, or code over what earlier actions of the study made."""

    AGGREGATE = "sql-aggregate"
    EXTRACT = "sql-extract"
    CODE = "code"


@dataclass(frozen=True)
class ActionAsked:
    """One action of a submitted spec, with everything that decides what it will do pinned by digest."""

    name: str
    kind: ActionKind
    needs: tuple[str, ...]
    content_key: str


class Outcome(StrEnum):
    """How an action ended, in the handful of words that may be said outside [P1]."""

    SUCCEEDED = "succeeded"
    FAILED = "failed-in-your-code"
    OUT_OF_MEMORY = "out-of-memory"
    OUT_OF_TIME = "out-of-time"
    OUTPUTS_REFUSED = "outputs-refused"
    CANCELLED = "cancelled"
    PLATFORM_FAULT = "platform-fault"


class JobState(StrEnum):
    """How far one action got."""

    ASKED = "asked"
    STARTED = "started"
    LANDED = "landed"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """One action being run: its state, and what it left."""

    action: ActionAsked
    state: JobState = JobState.ASKED
    outcome: Outcome = Outcome.SUCCEEDED
    outputs: tuple[Output, ...] = ()
    log: str = ""
    image: str = ""
    store: str = ""
    opt_outs: str = ""


@dataclass(frozen=True)
class Submission:
    """What a researcher handed in: the study it is for, its purpose tag, the digests of spec and code, and its backend [P7]."""

    application: str
    purpose: Purpose
    spec: str
    code: str
    datasets: tuple[TableScope, ...]
    actions: tuple[ActionAsked, ...]
    backend: str = later("tpp")

    def __post_init__(self) -> None:
        require(self.backend, "a submission names its backend")
        names = [action.name for action in self.actions]
        require(len(set(names)) == len(names), "an action is named once")


@dataclass(frozen=True)
class JobRequest:
    """A job request, as folded from its events. ``round`` counts the offers made to checkers; votes are kept per round."""

    id: str
    stage: RequestStage = RequestStage.NEW
    submissions: tuple[Submission, ...] = ()
    submitter: str = ""
    jobs: tuple[Job, ...] = ()
    withheld: tuple[str, ...] = ()
    offered: tuple[Offered, ...] = ()
    policy: str = ""
    round: int = 0
    votes: tuple[Vote, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def submission(self) -> Submission:
        """What was submitted; only asked of a request that has been."""
        return self.submissions[-1]

    def job(self, name: str) -> Job | None:
        """The job of that action, if the request has one."""
        return next((job for job in self.jobs if job.action.name == name), None)

    def with_job(self, changed: Job) -> "JobRequest":
        """The same request with one job replaced by its newer self."""
        jobs = tuple(changed if job.action.name == changed.action.name else job for job in self.jobs)
        return replace(self, jobs=jobs)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Every file that landed, in the order the actions were asked."""
        return tuple(output for job in self.jobs for output in job.outputs)
