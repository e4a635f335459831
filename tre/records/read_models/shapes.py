"""The rows of the read models, as plain values. Refuses a value that a row could not be read back from.

What the register's rows do not have is the point of them: no member's name, no vote, no reviewing stage, no path or
digest of anything that has not been released [P12].
"""

from dataclasses import dataclass

PART = "#"
"""Between a request's name and the number of a later part of it that left, or of a round of its review."""


@dataclass(frozen=True)
class StudyRow:
    """One application in the list of studies. Dates and moments are ISO text; ``""`` where there is none yet."""

    id: str
    stage: str
    title: str
    purpose: str
    organisation: str
    legal_basis: str
    members: tuple[str, ...]
    approver: str
    approved_from: str
    approved_until: str
    approved_columns: tuple[str, ...]
    applied_at: str
    changed_at: str
    position: int


@dataclass(frozen=True)
class RequestRow:
    """One job request in the list of requests, for people inside."""

    id: str
    study: str
    stage: str
    purpose: str
    submitter: str
    actions: int
    landed: int
    round: int
    files: int
    voters: int
    described: int
    offered_at: str
    submitted_at: str
    changed_at: str
    position: int


@dataclass(frozen=True)
class RegisteredStudy:
    """One study on the public register: every study that was ever approved, whatever became of it [P12]."""

    id: str
    title: str
    purpose: str
    lay_summary: str
    public_benefit: str
    organisation: str
    organisations: tuple[str, ...]
    funding: str
    legal_basis: str
    datasets: tuple[str, ...]
    starts: str
    ends: str
    approved_at: str
    status: str


@dataclass(frozen=True)
class RegisteredJob:
    """One job on the public register: every job ever run, in words that tell nothing of its review [P12]."""

    id: str
    study: str
    purpose: str
    submitted_at: str
    status: str


@dataclass(frozen=True)
class RegisteredRelease:
    """One release on the public register; a recalled one stays, marked [P12] [P15].

    A later part of a request has its name, ``#`` and a number for an id.
    ``files`` are ``path sha256`` pairs of what left; ``statement`` and ``signature`` are the signed statement's.
    """

    id: str
    request: str
    study: str
    files: tuple[str, ...]
    statement: str
    signature: str
    released_at: str
    recalled_at: str


@dataclass(frozen=True)
class ReviewRow:
    """One round of one request before checkers: when it was offered, how it ended, why, and how many working days it took.

    Its id is the request's, ``#`` and the round's number; ``ended`` and ``ended_at`` are empty while it is open.
    """

    id: str
    request: str
    study: str
    offered_at: str
    voted_at: str
    ended_at: str
    ended: str
    because: str
    days: int


Row = StudyRow | RequestRow | RegisteredStudy | RegisteredJob | RegisteredRelease | ReviewRow


@dataclass(frozen=True)
class Register:
    """The public register."""

    studies: tuple[RegisteredStudy, ...]
    jobs: tuple[RegisteredJob, ...]
    releases: tuple[RegisteredRelease, ...]
