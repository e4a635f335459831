"""Applications and approvals: what a study is allowed to be [P4]. Refuses an empty study, a study of nobody, and dates that run backwards."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from job_specs.model import Purpose, TableScope
from tre.custody.errors import require
from tre.custody.later import later
from tre.custody.outputs import is_digest


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


class Section(StrEnum):
    """The parts of an application that are discussed and agreed one by one."""

    ABOUT = "about"
    PEOPLE = "people"
    BASIS = "basis"
    DATA = "data"
    OUTPUTS = "outputs"
    DATES = "dates"


SECTIONS: Mapping[Section, tuple[str, ...]] = {
    Section.ABOUT: ("title", "lay_summary", "public_benefit"),
    Section.PEOPLE: ("organisation", "organisations", "members"),
    Section.BASIS: ("purpose", "legal_basis", "exemption"),
    Section.DATA: ("datasets", "why"),
    Section.OUTPUTS: ("outputs",),
    Section.DATES: ("starts", "ends", "funding"),
}
"""Which fields of a proposal belong to which section: every field to one."""


@dataclass(frozen=True)
class ColumnReason:
    """Why one column is needed [P8]."""

    table: str
    column: str
    why: str


@dataclass(frozen=True)
class Proposal:
    """What a study asks for, in the words that the public register will show [P12].

    ``organisation`` leads and ``organisations`` take part; ``exemption`` is the opt-out exemption asked for, in words,
    and grants nothing [P6]; ``outputs`` are the results intended.
    """

    title: str
    lay_summary: str
    organisation: str
    purpose: Purpose
    legal_basis: str
    members: tuple[str, ...]
    datasets: tuple[TableScope, ...]
    starts: date
    ends: date
    public_benefit: str = later("")
    organisations: tuple[str, ...] = later(())
    why: tuple[ColumnReason, ...] = later(())
    outputs: tuple[str, ...] = later(())
    funding: str = later("")
    exemption: str = later("")

    def __post_init__(self) -> None:
        require(
            self.title and self.lay_summary and self.organisation, "a study says what it is and whose it is"
        )
        require(self.members, "a study has at least one member")
        require(len(set(self.members)) == len(self.members), "a member is named once")
        require(self.datasets, "a study names the tables and columns it needs")
        require(self.starts <= self.ends, "a study ends after it starts")

    def section(self, section: Section) -> tuple[object, ...]:
        """What one section says."""
        return tuple(getattr(self, field) for field in SECTIONS[section])


@dataclass(frozen=True)
class Assessment:
    """An approver's word on one section; ``note`` is the digest of written words."""

    section: Section
    approver: str
    agreed: bool
    note: str = ""

    def __post_init__(self) -> None:
        require(not self.note or is_digest(self.note), "a note is kept in the vault and named by digest")


@dataclass(frozen=True)
class SectionComment:
    """Words about one section, from a member or an approver; ``note`` is their digest."""

    section: Section
    person: str
    note: str

    def __post_init__(self) -> None:
        require(is_digest(self.note), "a comment is kept in the vault and named by digest")


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
    assessed: tuple[Assessment, ...] = ()
    comments: tuple[SectionComment, ...] = ()

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

    def revised(self, proposal: Proposal) -> "Application":
        """The same application with another proposal; an agreement stands where its section still says the same."""
        same = {
            section
            for section in Section
            if self.proposals and self.proposal.section(section) == proposal.section(section)
        }
        standing = tuple(word for word in self.assessed if word.section in same)
        return replace(self, proposals=(*self.proposals, proposal), assessed=standing)

    def assess(self, word: Assessment) -> "Application":
        """The same application with the latest word on one section."""
        others = tuple(each for each in self.assessed if each.section is not word.section)
        return replace(self, assessed=(*others, word))

    def at(self, stage: ApplicationStage) -> "Application":
        """The same application at another stage."""
        return replace(self, stage=stage)


def beyond(asked: tuple[TableScope, ...], allowed: tuple[TableScope, ...]) -> tuple[str, ...]:
    """The asked columns that are not among the allowed, as ``table.column``, in the order asked [P8]."""
    permitted = {(scope.table, column) for scope in allowed for column in scope.columns}
    pairs = ((scope.table, column) for scope in asked for column in scope.columns)
    return tuple(f"{table}.{column}" for table, column in pairs if (table, column) not in permitted)
