"""One event of every kind, and whole histories that could have happened: what the tests of this room append."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine

from job_specs.model import Purpose, Sensitivity, TableScope
from output_checks.model import Confidence, Verdict
from tre.custody import events as e
from tre.custody.law import Bundle, Instrument, OptOutRule, Switch
from tre.custody.lists import ListInForce
from tre.custody.outputs import Decision, FileContext, FileVote, Offered, Output, Vote
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.remarks import Audience, Remark
from tre.custody.requests import ActionAsked, ActionKind, Outcome, Submission
from tre.custody.retention import Doomed, Kept, Remembered
from tre.custody.studies import Approval, Assessment, ColumnReason, Proposal, Section, SectionComment
from tre.records.keys import SigningKey
from tre.records.ledger import Ledger

NOW = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
POLICY = "9" * 64
KEY = SigningKey.from_seed(bytes(range(32)))

DATASETS = (TableScope("patients", ("patient_id", "sex")), TableScope("vaccinations", ("date",)))
PROPOSAL = Proposal(
    title="Waning — immunité après vaccination",
    lay_summary="How long protection lasts.",
    organisation="University of Somewhere",
    purpose=Purpose.COVID_19_RESEARCH,
    legal_basis="covid-19-directions-2020",
    members=("ada", "grace"),
    datasets=DATASETS,
    starts=date(2024, 1, 1),
    ends=date(2025, 12, 31),
)
APPROVAL = Approval("mary", date(2024, 1, 2), date(2025, 6, 30), DATASETS, ("Publish within a year.",))
REASON = Reason(ReasonCode.NEEDS_CHANGES, "a" * 64)
BREACH = Reason(ReasonCode.SUSPECTED_BREACH)
SUBMISSION = Submission(
    application="waning",
    purpose=Purpose.COVID_19_RESEARCH,
    spec="b" * 64,
    code="c" * 64,
    datasets=DATASETS,
    actions=(
        ActionAsked("cohort", ActionKind.EXTRACT, (), "d" * 64),
        ActionAsked("table", ActionKind.CODE, ("cohort",), "e" * 64),
    ),
)
RAW, TWIN, REPORT = "1" * 64, "2" * 64, "3" * 64
OUTPUT = Output("table", "output/table.csv", RAW, 120, Sensitivity.MODERATE)
OFFERED = Offered("output/table.csv", RAW, TWIN, REPORT, Confidence.RECOMPUTED, Verdict.SUPPRESSED)
YES = (FileVote("output/table.csv", TWIN, Decision.APPROVE, "f" * 64),)
REMARK = Remark(
    "output/table.csv",
    RAW,
    "a" * 64,
    ReasonCode.SMALL_NUMBERS,
    Audience.CHECKERS,
    row=4,
    column=2,
    resolved=True,
)
STATEMENT = Statement("4" * 64, "5" * 128, (ReleasedFile("output/table.csv", TWIN),))

BUNDLE = Bundle(
    (
        Instrument(
            "covid-19-directions-2020",
            "Directions",
            (Purpose.COVID_19_RESEARCH,),
            date(2023, 7, 1),
            date(9999, 12, 31),
            Switch.ON,
            (OptOutRule.TYPE_1,),
            ("patients",),
        ),
    )
)

LISTED = (
    ListInForce(OptOutRule.TYPE_1, date(2024, 2, 28), "8" * 64, "9" * 64),
    ListInForce(OptOutRule.NATIONAL, date(2024, 2, 27), "7" * 64, ""),
)

EXAMPLES: dict[str, e.Event] = {
    example.kind: example
    for example in (
        e.Applied(PROPOSAL),
        e.Revised(PROPOSAL),
        e.Approved(APPROVAL),
        e.Returned(REASON),
        e.Rejected(Reason(ReasonCode.NO_PUBLIC_BENEFIT)),
        e.Withdrawn(Reason(ReasonCode.NO_LONGER_NEEDED)),
        e.Suspended(BREACH),
        e.Reinstated(Reason(ReasonCode.RESOLVED)),
        e.Expired(date(2025, 7, 1)),
        e.Submitted("ada", SUBMISSION),
        e.Started("cohort", "sha256:" + "6" * 64, "7" * 64, "8" * 64, date(2024, 2, 28)),
        e.Landed("table", (OUTPUT,), "0" * 64),
        e.Failed("table", Outcome.OUT_OF_MEMORY, "0" * 64),
        e.Finished(),
        e.Cancelled(Reason(ReasonCode.ERROR)),
        e.Checked(POLICY, (OFFERED,)),
        e.Viewed(RAW),
        e.Voted("edith", YES),
        e.ChangesRequested(Reason(ReasonCode.CONTEXT_MISSING, "a" * 64)),
        e.Resubmitted(("output/other.csv",), "a" * 64),
        e.SignedOff("edith", (TWIN,)),
        e.Released(STATEMENT),
        e.Refused(Reason(ReasonCode.NOT_PERMITTED)),
        e.Recalled(BREACH),
        e.Assessed(Assessment(Section.DATA, "mary", agreed=False, note="a" * 64)),
        e.Discussed(SectionComment(Section.DATA, "ada", "a" * 64)),
        e.Described((FileContext("output/table.csv", "b" * 64),)),
        e.Commented("edith", REMARK),
        e.PartSignedOff("edith", ("output/table.csv",), (TWIN,)),
        e.PartReleased(STATEMENT),
        e.LawBegun(BUNDLE),
        e.LawProposed("gwen", BUNDLE, "5" * 128),
        e.LawAdopted("hugh", "gwen", "6" * 64, "7" * 128),
        e.LawDeclined("hugh", "6" * 64, Reason(ReasonCode.NEEDS_CHANGES)),
        e.ListsAnnounced("tpp", LISTED),
        e.ListsPutInForce("tpp", LISTED[:1], "7" * 64),
        e.ExemptionsPutInForce("8" * 64),
        e.DeletionOrdered((Doomed(Kept.EXTRACTS, "run-1", RAW), Doomed(Kept.STORES, "tpp", "7" * 64))),
        e.PeopleRemembered((Remembered("run-1", "output/table.csv", TWIN, "8" * 64),)),
        e.DeletionCertified((RAW,), "4" * 64, "5" * 128),
    )
}

LATER: dict[str, e.Event] = {
    example.kind: example
    for example in (
        e.Applied(
            replace(
                PROPOSAL,
                public_benefit="Fewer people in hospital.",
                organisations=("University of Elsewhere",),
                why=(ColumnReason("patients", "sex", "Effects differ."),),
                outputs=("One table by region.",),
                funding="A charity.",
                exemption="None.",
            )
        ),
        e.Submitted("ada", replace(SUBMISSION, code_authors=("grace",), continues="run-0")),
        e.Checked(
            POLICY,
            (OFFERED,),
            carried=(Vote("edith", YES),),
            contexts=(FileContext("output/table.csv", "b" * 64),),
        ),
        e.Described((FileContext("output/table.csv", "b" * 64, left_out=True),)),
    )
}
"""Events that say something in a field that was added after their kind was first written."""

STUDY: tuple[tuple[str, e.Event], ...] = (
    ("ada", EXAMPLES["application.applied"]),
    ("mary", EXAMPLES["application.returned"]),
    ("ada", EXAMPLES["application.revised"]),
    ("mary", EXAMPLES["application.approved"]),
)
RUN: tuple[tuple[str, e.Event], ...] = (
    ("ada", EXAMPLES["request.submitted"]),
    ("platform", EXAMPLES["request.started"]),
    ("platform", e.Landed("cohort", (), "")),
    ("platform", e.Started("table", "sha256:" + "6" * 64, "7" * 64, "8" * 64, date(2024, 2, 28))),
    ("platform", EXAMPLES["request.landed"]),
    ("platform", EXAMPLES["request.finished"]),
)
REVIEW: tuple[tuple[str, e.Event], ...] = (
    ("platform", EXAMPLES["request.checked"]),
    ("edith", EXAMPLES["request.viewed"]),
    ("edith", EXAMPLES["request.voted"]),
    ("joan", e.Voted("joan", YES)),
    ("edith", EXAMPLES["request.signed-off"]),
    ("platform", EXAMPLES["request.released"]),
)


def tell(ledger: Ledger, kind: str, case_id: str, history: Sequence[tuple[str, e.Event]]) -> None:
    """Append a history to a case, one event an append, a minute apart."""
    _, seq = ledger.case(kind, case_id)
    for offset, (actor, event) in enumerate(history):
        at = NOW + timedelta(minutes=seq + offset)
        ledger.append(kind, case_id, (event,), expected_seq=seq + offset, actor=actor, at=at, policy=POLICY)


def tell_everything(ledger: Ledger) -> None:
    """A study, a run of it that was released, and a second run that failed: 19 events in 3 cases."""
    tell(ledger, "application", "waning", STUDY)
    tell(ledger, "request", "run-1", RUN)
    tell(ledger, "request", "run-2", RUN[:2])
    tell(ledger, "request", "run-1", REVIEW)
    tell(ledger, "request", "run-2", (("platform", e.Failed("cohort", Outcome.OUT_OF_TIME, "")),))


def tamper(path: Path, *statements: str, guards: bool = True) -> None:
    """What someone with the database file in their hands can do; with ``guards`` they put the triggers back after."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.exec_driver_sql(query).all()
        for trigger in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.exec_driver_sql(statement)
        for trigger in triggers if guards else ():
            connection.exec_driver_sql(trigger.sql)
        connection.commit()
    engine.dispose()
