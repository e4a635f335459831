"""Applications and approvals: what a study is allowed to be [P4]. Refuses an empty study, a study of nobody, and dates that run backwards."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from job_specs.model import Purpose, TableScope
from tre.custody.errors import require


class ApplicationStage(StrEnum):
    """Where an application stands."""

    NEW = "new"
    APPLIED = "applied"
    RETURNED = "returned"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Proposal:
    """What a study asks for, in the words that the public register will show [P12]."""

    title: str
    lay_summary: str
    organisation: str
    purpose: Purpose
    legal_basis: str
    members: tuple[str, ...]
    datasets: tuple[TableScope, ...]
    starts: date
    ends: date

    def __post_init__(self) -> None:
        require(
            self.title and self.lay_summary and self.organisation, "a study says what it is and whose it is"
        )
        require(self.members, "a study has at least one member")
        require(len(set(self.members)) == len(self.members), "a member is named once")
        require(self.datasets, "a study names the tables and columns it needs")
        require(self.starts <= self.ends, "a study ends after it starts")


@dataclass(frozen=True)
class Approval:
    """The controller's yes: by whom, for which dates, tables and columns, and under which conditions."""

    approver: str
    starts: date
    ends: date
    datasets: tuple[TableScope, ...]
    conditions: tuple[str, ...]

    def __post_init__(self) -> None:
        require(self.approver, "an approval is somebody's")
        require(self.datasets, "an approval names tables and columns")
        require(self.starts <= self.ends, "an approval ends after it starts")

    def live_on(self, day: date) -> bool:
        """Whether that day lies within the approval's dates."""
        return self.starts <= day <= self.ends


@dataclass(frozen=True)
class Application:
    """A study's application, as folded from its events; ``approvals`` is its history and the last one counts."""

    id: str
    stage: ApplicationStage = ApplicationStage.NEW
    proposals: tuple[Proposal, ...] = ()
    approvals: tuple[Approval, ...] = ()

    @property
    def proposal(self) -> Proposal:
        """The latest revision; only asked of an application that has been made."""
        return self.proposals[-1]

    @property
    def approval(self) -> Approval:
        """The approval that counts; only asked of an application that has been approved."""
        return self.approvals[-1]

    @property
    def members(self) -> frozenset[str]:
        """Everyone who was ever on the study: leaving it does not make a checker independent of it [P16]."""
        return frozenset(member for proposal in self.proposals for member in proposal.members)

    def at(self, stage: ApplicationStage) -> "Application":
        """The same application at another stage."""
        return replace(self, stage=stage)


def beyond(asked: tuple[TableScope, ...], allowed: tuple[TableScope, ...]) -> tuple[str, ...]:
    """The asked columns that are not among the allowed, as ``table.column``, in the order asked [P8]."""
    permitted = {(scope.table, column) for scope in allowed for column in scope.columns}
    pairs = ((scope.table, column) for scope in asked for column in scope.columns)
    return tuple(f"{table}.{column}" for table, column in pairs if (table, column) not in permitted)
