"""Job requests: what was asked to run, how far it got, and what came of it. Refuses two actions with one name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from job_specs.model import Purpose, TableScope
from tre.custody.errors import require
from tre.custody.later import later
from tre.custody.outputs import FileContext, FileVote, Offered, Output, Standing, Vote
from tre.custody.releases import Statement
from tre.custody.remarks import Said


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
    PART_SIGNED_OFF = "part-signed-off"
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
    """What a researcher handed in: the study it is for, its purpose tag, the digests of spec and code, and its
    backend [P7].

    ``code_authors`` are the accounts that wrote the code [P16]; ``continues`` names the request that this one answers:
    approvals of byte-identical files carry over from it. ``commit`` is the one the code was taken from, if any.
    """

    application: str
    purpose: Purpose
    spec: str
    code: str
    datasets: tuple[TableScope, ...]
    actions: tuple[ActionAsked, ...]
    backend: str = later("tpp")
    code_authors: tuple[str, ...] = later(())
    continues: str = later("")
    commit: str = later("")

    def __post_init__(self) -> None:
        require(self.backend, "a submission names its backend")
        names = [action.name for action in self.actions]
        require(len(set(names)) == len(names), "an action is named once")


@dataclass(frozen=True)
class JobRequest:
    """A job request, as folded from its events. ``round`` counts the offers made to checkers; votes are kept per round.

    ``carried`` are approvals of earlier rounds that stand, because nothing of the file has changed; ``signed`` are the paths
    of a part that is signed off and has not left yet; what has left is in ``statements`` and is no longer ``offered``; ``left_out`` was checked,
    and is not offered because a member said so.
    """

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
    carried: tuple[Vote, ...] = ()
    standing: tuple[Standing, ...] = ()
    contexts: tuple[FileContext, ...] = ()
    signed: tuple[str, ...] = ()
    remarks: tuple[Said, ...] = ()
    left_out: tuple[Offered, ...] = ()

    @property
    def submission(self) -> Submission:
        """What was submitted; only asked of a request that has been."""
        return self.submissions[-1]

    def job(self, name: str) -> Job | None:
        """The job of that action, if the request has one."""
        return next((job for job in self.jobs if job.action.name == name), None)

    def with_job(self, changed: Job) -> "JobRequest":
        """The same request with one job replaced by its newer self."""
        jobs, name = self.jobs, changed.action.name
        place = next((place for place, job in enumerate(jobs) if job.action.name == name), len(jobs))
        # Cut and joined: a request may have thousands of jobs, and every event of one comes by here.
        return replace(self, jobs=(*jobs[:place], changed, *jobs[place + 1 :]) if place < len(jobs) else jobs)

    @property
    def asked(self) -> tuple[Offered, ...]:
        """What the checks saw of this round and has not left: on offer or left out, in the order in which it landed."""
        if not self.left_out:
            return self.offered
        landed = {output.path: place for place, output in enumerate(self.outputs)}
        both = (*self.offered, *self.left_out)
        return tuple(sorted(both, key=lambda each: (landed.get(each.path, len(landed)), each.path)))

    @property
    def words(self) -> Mapping[tuple[str, str], FileVote]:
        """The latest word of each checker on each path; an approval that carried over counts until its giver says more."""
        said = ((vote.checker, file) for vote in (*self.carried, *self.votes) for file in vote.files)
        return {(checker, file.path): file for checker, file in said}

    @property
    def left(self) -> frozenset[str]:
        """The paths that have left."""
        return frozenset(file.path for statement in self.statements for file in statement.files)

    def context_of(self, path: str) -> str:
        """The digest of what was said of the file, or ``""``."""
        return next((each.context for each in self.contexts if each.path == path), "")

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Every file that landed, in the order the actions were asked."""
        return tuple(output for job in self.jobs for output in job.outputs)
