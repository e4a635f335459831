"""What can happen to a case. An event is for ever: fields are only added, at the end, with defaults; a new meaning is a new class.

Events hold digests, ids, dates, reason codes and the study's own public words; refuses nothing, because it is only ever
made by ``decide``. Never a value from a row, never a secret [P13].
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from tre.custody.later import later
from tre.custody.law import Bundle
from tre.custody.lists import ListInForce
from tre.custody.outputs import FileContext, FileVote, Offered, Output, Vote
from tre.custody.reasons import Reason
from tre.custody.releases import Statement
from tre.custody.remarks import Remark
from tre.custody.requests import Outcome, Submission
from tre.custody.retention import Doomed, Remembered
from tre.custody.studies import Approval, Assessment, Proposal, SectionComment


@dataclass(frozen=True)
class Event:
    """Something that happened; ``kind`` is its name in the ledger."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Applied(Event):
    """A researcher applied for a study."""

    kind: ClassVar[str] = "application.applied"
    proposal: Proposal


@dataclass(frozen=True)
class Revised(Event):
    """The application was changed by a member."""

    kind: ClassVar[str] = "application.revised"
    proposal: Proposal


@dataclass(frozen=True)
class Approved(Event):
    """An approver said yes, with dates, tables, columns and conditions."""

    kind: ClassVar[str] = "application.approved"
    approval: Approval


@dataclass(frozen=True)
class Returned(Event):
    """An approver asked for changes."""

    kind: ClassVar[str] = "application.returned"
    reason: Reason


@dataclass(frozen=True)
class Rejected(Event):
    """An approver said no."""

    kind: ClassVar[str] = "application.rejected"
    reason: Reason


@dataclass(frozen=True)
class Withdrawn(Event):
    """The study, or its approval, was taken back for good."""

    kind: ClassVar[str] = "application.withdrawn"
    reason: Reason


@dataclass(frozen=True)
class Suspended(Event):
    """The approval was stopped for now."""

    kind: ClassVar[str] = "application.suspended"
    reason: Reason


@dataclass(frozen=True)
class Reinstated(Event):
    """A suspended approval was put back."""

    kind: ClassVar[str] = "application.reinstated"
    reason: Reason


@dataclass(frozen=True)
class Expired(Event):
    """The approval's last day has passed."""

    kind: ClassVar[str] = "application.expired"
    on: date


@dataclass(frozen=True)
class Assessed(Event):
    """An approver agreed to one section, or said that it must change."""

    kind: ClassVar[str] = "application.assessed"
    assessment: Assessment


@dataclass(frozen=True)
class Discussed(Event):
    """A member or an approver said something about one section."""

    kind: ClassVar[str] = "application.discussed"
    comment: SectionComment


@dataclass(frozen=True)
class Submitted(Event):
    """A job request was handed in."""

    kind: ClassVar[str] = "request.submitted"
    submitter: str
    submission: Submission


@dataclass(frozen=True)
class Started(Event):
    """The worker is about to run an action; appended before the act, so that a crash can be told from a refusal.

    ``store`` and ``opt_outs`` are the versions the action will read [P6]; ``image`` is the content id of its image.
    """

    kind: ClassVar[str] = "request.started"
    action: str
    image: str
    store: str
    opt_outs: str
    opt_outs_dated: date


@dataclass(frozen=True)
class Landed(Event):
    """An action ended well; its files are in the vault. ``log`` is the digest of its quarantined log [P1]."""

    kind: ClassVar[str] = "request.landed"
    action: str
    outputs: tuple[Output, ...]
    log: str


@dataclass(frozen=True)
class Failed(Event):
    """An action ended badly; only the coarse outcome is kept outside the quarantine [P1]."""

    kind: ClassVar[str] = "request.failed"
    action: str
    outcome: Outcome
    log: str


@dataclass(frozen=True)
class Finished(Event):
    """Every action has landed."""

    kind: ClassVar[str] = "request.finished"


@dataclass(frozen=True)
class Cancelled(Event):
    """The request was taken back before it was signed off."""

    kind: ClassVar[str] = "request.cancelled"
    reason: Reason


@dataclass(frozen=True)
class Checked(Event):
    """The automatic checks ran over every moderately sensitive output, under the policy with this digest [P10].

    ``carried`` are the approvals of an earlier round that stand, and ``contexts`` what was said of the same files then.
    """

    kind: ClassVar[str] = "request.checked"
    policy: str
    offered: tuple[Offered, ...]
    carried: tuple[Vote, ...] = later(())
    contexts: tuple[FileContext, ...] = later(())


@dataclass(frozen=True)
class Described(Event):
    """A member said what offered files are."""

    kind: ClassVar[str] = "request.described"
    contexts: tuple[FileContext, ...]


@dataclass(frozen=True)
class Viewed(Event):
    """A checker opened a quarantined file; the person and the hour are on the envelope [P13]."""

    kind: ClassVar[str] = "request.viewed"
    digest: str


@dataclass(frozen=True)
class Commented(Event):
    """A checker or a member remarked on a file."""

    kind: ClassVar[str] = "request.commented"
    person: str
    remark: Remark


@dataclass(frozen=True)
class Voted(Event):
    """A checker voted on offered files; after both are in, it may be another word than the one before."""

    kind: ClassVar[str] = "request.voted"
    checker: str
    files: tuple[FileVote, ...]


@dataclass(frozen=True)
class ChangesRequested(Event):
    """A checker sent the request back to its author."""

    kind: ClassVar[str] = "request.changes-requested"
    reason: Reason


@dataclass(frozen=True)
class Resubmitted(Event):
    """The author answered; ``withheld`` are the paths no longer asked to leave, ``note`` the digest of the answer."""

    kind: ClassVar[str] = "request.resubmitted"
    withheld: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class SignedOff(Event):
    """A checker signed the request off: these bytes may leave."""

    kind: ClassVar[str] = "request.signed-off"
    checker: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class PartSignedOff(Event):
    """A checker signed some of the files off; the rest stays open."""

    kind: ClassVar[str] = "request.part-signed-off"
    checker: str
    paths: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class PartReleased(Event):
    """A part of the files left, under a signed statement of its own."""

    kind: ClassVar[str] = "request.part-released"
    statement: Statement


@dataclass(frozen=True)
class Released(Event):
    """The files left, under a signed statement."""

    kind: ClassVar[str] = "request.released"
    statement: Statement


@dataclass(frozen=True)
class Refused(Event):
    """A checker refused the request for good."""

    kind: ClassVar[str] = "request.refused"
    reason: Reason


@dataclass(frozen=True)
class Recalled(Event):
    """The release was called back: a tombstone, not an erasure [P15]."""

    kind: ClassVar[str] = "request.recalled"
    reason: Reason


@dataclass(frozen=True)
class LawBegun(Event):
    """The law that ships was put in force, as the site began [P5]."""

    kind: ClassVar[str] = "law.begun"
    bundle: Bundle


@dataclass(frozen=True)
class LawProposed(Event):
    """One person of information governance proposed another bundle, and signed it."""

    kind: ClassVar[str] = "law.proposed"
    proposer: str
    bundle: Bundle
    signature: str


@dataclass(frozen=True)
class LawAdopted(Event):
    """Another person adopted it, and signed the same bytes; ``digest`` names them [P16]."""

    kind: ClassVar[str] = "law.adopted"
    adopter: str
    proposer: str
    digest: str
    signature: str


@dataclass(frozen=True)
class LawDeclined(Event):
    """What waited was declined."""

    kind: ClassVar[str] = "law.declined"
    decliner: str
    digest: str
    reason: Reason


@dataclass(frozen=True)
class ListsAnnounced(Event):
    """A build is about to bring these lists of opt-outs: from now on its store may be read, once it is there [P6]."""

    kind: ClassVar[str] = "lists.announced"
    backend: str
    lists: tuple[ListInForce, ...]


@dataclass(frozen=True)
class ListsPutInForce(Event):
    """From now on nothing is read in a backend but under these lists; ``store`` is the version built with them, if any."""

    kind: ClassVar[str] = "lists.put-in-force"
    backend: str
    lists: tuple[ListInForce, ...]
    store: str


@dataclass(frozen=True)
class ExemptionsPutInForce(Event):
    """From now on the exempt studies are those of the signed document with this digest."""

    kind: ClassVar[str] = "lists.exempted"
    document: str


@dataclass(frozen=True)
class DeletionOrdered(Event):
    """These things are about to be deleted: they were kept as long as the site's rule says."""

    kind: ClassVar[str] = "retention.ordered"
    things: tuple[Doomed, ...]


@dataclass(frozen=True)
class DeletionCertified(Event):
    """What was ordered is gone, but for what was spared; ``statement`` is the digest of the signed certificate."""

    kind: ClassVar[str] = "retention.certified"
    spared: tuple[str, ...]
    statement: str
    signature: str


@dataclass(frozen=True)
class PeopleRemembered(Event):
    """Who is behind these tables of study code is kept from now on as lists of their own, and not as the rows [P10]."""

    kind: ClassVar[str] = "retention.remembered"
    things: tuple[Remembered, ...]


APPLICATION_EVENTS: tuple[type[Event], ...] = (
    Applied,
    Revised,
    Approved,
    Returned,
    Rejected,
    Withdrawn,
    Suspended,
    Reinstated,
    Expired,
    Assessed,
    Discussed,
)
REQUEST_EVENTS: tuple[type[Event], ...] = (
    Submitted,
    Started,
    Landed,
    Failed,
    Finished,
    Cancelled,
    Checked,
    Viewed,
    Voted,
    ChangesRequested,
    Resubmitted,
    SignedOff,
    Released,
    Refused,
    Recalled,
    Described,
    Commented,
    PartSignedOff,
    PartReleased,
)
LAW_EVENTS: tuple[type[Event], ...] = (LawBegun, LawProposed, LawAdopted, LawDeclined)
LISTS_EVENTS: tuple[type[Event], ...] = (ListsAnnounced, ListsPutInForce, ExemptionsPutInForce)
RETENTION_EVENTS: tuple[type[Event], ...] = (DeletionOrdered, DeletionCertified, PeopleRemembered)
EVENTS: dict[str, type[Event]] = {
    event.kind: event
    for event in (*APPLICATION_EVENTS, *REQUEST_EVENTS, *LAW_EVENTS, *LISTS_EVENTS, *RETENTION_EVENTS)
}
