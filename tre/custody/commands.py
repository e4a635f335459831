"""What a person, or the worker, asks for. A command is a wish: refuses nothing, grants nothing; ``decide`` answers it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from job_specs.model import TableScope
from tre.custody.outputs import FileContext, FileVote, Offered, Output
from tre.custody.reasons import Reason
from tre.custody.releases import Statement
from tre.custody.remarks import Remark
from tre.custody.requests import Outcome, Submission
from tre.custody.studies import Proposal, Section


class Step(StrEnum):
    """Every verb of the service, in the words of DESIGN."""

    APPLY = "apply"
    REVISE = "revise"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    ASSESS = "assess"
    DISCUSS = "discuss"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    EXPIRE = "expire"
    SUBMIT = "submit"
    START = "start"
    LAND = "land"
    FAIL = "fail"
    FINISH = "finish"
    CANCEL = "cancel"
    CHECK = "check"
    DESCRIBE = "describe"
    VIEW = "view"
    COMMENT = "comment"
    VOTE = "vote"
    REQUEST_CHANGES = "request-changes"
    RESUBMIT = "resubmit"
    SIGN_OFF = "sign-off"
    SIGN_OFF_PART = "sign-off-part"
    RELEASE = "release"
    RELEASE_PART = "release-part"
    REFUSE = "refuse"
    RECALL = "recall"


@dataclass(frozen=True)
class Command:
    """A step that is asked for."""

    step: ClassVar[Step]


@dataclass(frozen=True)
class Apply(Command):
    """Apply for a study."""

    step: ClassVar[Step] = Step.APPLY
    proposal: Proposal


@dataclass(frozen=True)
class Revise(Command):
    """Change the application."""

    step: ClassVar[Step] = Step.REVISE
    proposal: Proposal


@dataclass(frozen=True)
class Approve(Command):
    """Approve, for these dates, tables and columns, under these conditions."""

    step: ClassVar[Step] = Step.APPROVE
    starts: date
    ends: date
    datasets: tuple[TableScope, ...]
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Because(Command):
    """A step that needs nothing but a reason."""

    reason: Reason


@dataclass(frozen=True)
class Return(Because):
    """Send the application back for changes."""

    step: ClassVar[Step] = Step.RETURN


@dataclass(frozen=True)
class Reject(Because):
    """Reject the application."""

    step: ClassVar[Step] = Step.REJECT


@dataclass(frozen=True)
class Withdraw(Because):
    """Withdraw the study, or its approval."""

    step: ClassVar[Step] = Step.WITHDRAW


@dataclass(frozen=True)
class Assess(Command):
    """Agree to one section of an application, or say what must change in it."""

    step: ClassVar[Step] = Step.ASSESS
    section: Section
    agreed: bool
    note: str = ""


@dataclass(frozen=True)
class Discuss(Command):
    """Say something about one section of an application."""

    step: ClassVar[Step] = Step.DISCUSS
    section: Section
    note: str


@dataclass(frozen=True)
class Suspend(Because):
    """Stop an approval for now."""

    step: ClassVar[Step] = Step.SUSPEND


@dataclass(frozen=True)
class Reinstate(Because):
    """Put a suspended approval back."""

    step: ClassVar[Step] = Step.REINSTATE


@dataclass(frozen=True)
class Expire(Command):
    """Note that the approval's last day has passed."""

    step: ClassVar[Step] = Step.EXPIRE


@dataclass(frozen=True)
class Submit(Command):
    """Hand in a job request."""

    step: ClassVar[Step] = Step.SUBMIT
    submission: Submission


@dataclass(frozen=True)
class Start(Command):
    """Start one action, in this image."""

    step: ClassVar[Step] = Step.START
    action: str
    image: str


@dataclass(frozen=True)
class Land(Command):
    """Record that an action ended well."""

    step: ClassVar[Step] = Step.LAND
    action: str
    outputs: tuple[Output, ...]
    log: str


@dataclass(frozen=True)
class Fail(Command):
    """Record that an action ended badly."""

    step: ClassVar[Step] = Step.FAIL
    action: str
    outcome: Outcome
    log: str = ""


@dataclass(frozen=True)
class Finish(Command):
    """Record that every action has landed."""

    step: ClassVar[Step] = Step.FINISH


@dataclass(frozen=True)
class Cancel(Because):
    """Take the request back."""

    step: ClassVar[Step] = Step.CANCEL


@dataclass(frozen=True)
class Check(Command):
    """Record what the automatic checks found."""

    step: ClassVar[Step] = Step.CHECK
    policy: str
    offered: tuple[Offered, ...]


@dataclass(frozen=True)
class Describe(Command):
    """Say what offered files are."""

    step: ClassVar[Step] = Step.DESCRIBE
    contexts: tuple[FileContext, ...]


@dataclass(frozen=True)
class View(Command):
    """Open a quarantined file."""

    step: ClassVar[Step] = Step.VIEW
    digest: str


@dataclass(frozen=True)
class Comment(Command):
    """Remark on a file, or on a cell of it."""

    step: ClassVar[Step] = Step.COMMENT
    remark: Remark


@dataclass(frozen=True)
class CastVote(Command):
    """Vote on offered files."""

    step: ClassVar[Step] = Step.VOTE
    files: tuple[FileVote, ...]


@dataclass(frozen=True)
class RequestChanges(Because):
    """Send the request back to its author."""

    step: ClassVar[Step] = Step.REQUEST_CHANGES


@dataclass(frozen=True)
class Resubmit(Command):
    """Answer the checkers and offer again, without the withheld paths."""

    step: ClassVar[Step] = Step.RESUBMIT
    withheld: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class SignOff(Command):
    """Sign the request off."""

    step: ClassVar[Step] = Step.SIGN_OFF


@dataclass(frozen=True)
class SignOffPart(Command):
    """Sign some of the files off; the rest stays open."""

    step: ClassVar[Step] = Step.SIGN_OFF_PART
    paths: tuple[str, ...]


@dataclass(frozen=True)
class ReleasePart(Command):
    """Let the part that is signed off leave, under this signed statement."""

    step: ClassVar[Step] = Step.RELEASE_PART
    statement: Statement


@dataclass(frozen=True)
class Release(Command):
    """Let the signed-off bytes leave, under this signed statement."""

    step: ClassVar[Step] = Step.RELEASE
    statement: Statement


@dataclass(frozen=True)
class Refuse(Because):
    """Refuse the request for good."""

    step: ClassVar[Step] = Step.REFUSE


@dataclass(frozen=True)
class Recall(Because):
    """Call a release back."""

    step: ClassVar[Step] = Step.RECALL
