"""[P13] [P15] What is kept long enough is deleted: ordered first, certified after, never twice, never what is needed."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from job_specs.model import Purpose, Sensitivity, TableScope
from output_checks.model import Confidence, Verdict
from tre.custody.decide_retention import RETENTION_RULES
from tre.custody.errors import Malformed, Refusal
from tre.custody.events import (
    Cancelled,
    Checked,
    DeletionCertified,
    DeletionOrdered,
    Finished,
    Landed,
    ListsPutInForce,
    Released,
    SignedOff,
    Started,
    Submitted,
    Voted,
)
from tre.custody.frozen import Freeze
from tre.custody.outputs import Decision, FileVote, Offered, Output
from tre.custody.people import Person, Role
from tre.custody.reasons import Reason, ReasonCode
from tre.custody.releases import ReleasedFile, Statement
from tre.custody.requests import (
    ActionAsked,
    ActionKind,
    Job,
    JobRequest,
    JobState,
    RequestStage,
    Submission,
)
from tre.custody.retention import RETENTION, Ended, KeepFor, Kept, Remembered, Retention, due, to_remember
from tre.records.errors import LedgerBroken, VaultRefused
from tre.records.ledger import Ledger
from tre.records.retention import Doors, RetentionBook, Site, deleted_digests, lists_of_people
from tre.records.vault.quarantine import Quarantine

LATER = datetime.now(UTC) + timedelta(days=10)
"""Files are put in the time of the machine: ten days from now they are old enough."""
BEGAN = LATER - timedelta(days=500)
EVE = Person("eve", frozenset({Role.MAINTAINER}), date(2030, 1, 1))
RULES = KeepFor({Kept.EXTRACTS: 90, Kept.LOGS: 180, Kept.OUTPUTS: 365})
POLICY = "9" * 64
INCIDENT = Freeze("incident-1", "s1", "2026-01-01")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ROWS, LOG, TABLE, TWIN, MEMBERS, UNITS, REPORT, DRAFT = (
    b"rows", b"log", b"table", b"twin", b"members", b"units", b"report", b"draft",
)  # fmt: skip
ACTIONS = (
    ActionAsked("a", ActionKind.EXTRACT, (), "c" * 64),
    ActionAsked("b", ActionKind.AGGREGATE, (), "d" * 64),
)
SUBMISSION = Submission(
    "s1", Purpose.COVID_19_RESEARCH, "a" * 64, "b" * 64, (TableScope("patients", ("sex",)),), ACTIONS
)
HIGH, MODERATE = Sensitivity.HIGH, Sensitivity.MODERATE


def output(action: str, path: str, content: bytes, sensitivity: Sensitivity = HIGH) -> Output:
    return Output(action, path, digest(content), len(content), sensitivity)


OUTPUTS = {
    "a": (output("a", "output/cohort.parquet", ROWS),),
    "b": (
        output("b", "output/table.csv", TABLE, MODERATE),
        output("b", "output/draft.csv", DRAFT, MODERATE),
        output("b", "inside/b/members.parquet", MEMBERS),
        output("b", "inside/b/units.json", UNITS),
    ),
}
LEFT_TABLE = ("r1", "output/table.csv", digest(TWIN))
NOTHING_YET = Retention()
LEFT = Statement("4" * 64, "5" * 128, (ReleasedFile("output/table.csv", digest(TWIN)),))


def ended(stage: RequestStage, *, left: bool = False, name: str = "r1") -> JobRequest:
    """A request that ran two actions and ended so."""
    jobs = tuple(Job(each, JobState.LANDED, outputs=OUTPUTS[each.name], log=digest(LOG)) for each in ACTIONS)
    offered = Offered(
        "output/table.csv", digest(TABLE), digest(TWIN), digest(REPORT), Confidence.PROVED, Verdict.SUPPRESSED
    )
    statements = (LEFT,) if left else ()
    return JobRequest(name, stage, (SUBMISSION,), "ada", jobs, offered=(offered,), statements=statements)


def chosen(
    *requests: JobRequest,
    days: int,
    settled: bool = True,
    rules: KeepFor = RULES,
    so_far: Retention = NOTHING_YET,
) -> dict[str, str]:
    told = [Ended(each, BEGAN, settled) for each in requests]
    return {each.digest: each.kind.value for each in due(told, rules, BEGAN + timedelta(days=days), so_far)}


def test_each_kind_goes_when_its_own_time_is_over() -> None:
    failed = ended(RequestStage.FAILED)
    assert chosen(failed, days=90) == {}
    assert chosen(failed, days=91) == {digest(ROWS): "extracts"}
    assert chosen(failed, days=181) == {digest(ROWS): "extracts", digest(LOG): "logs"}
    everything = {ROWS, LOG, TABLE, TWIN, MEMBERS, UNITS, REPORT, DRAFT}
    assert set(chosen(failed, days=366)) == {digest(each) for each in everything}


def test_what_a_release_rests_on_is_kept_for_ever() -> None:
    """[P10] Without the list of who is behind it nobody could compare the next release with this one."""
    gone = chosen(ended(RequestStage.RELEASED, left=True), days=10_000)
    assert set(gone) == {digest(each) for each in (ROWS, LOG, DRAFT)}


def counted_by_code() -> JobRequest:
    """A released request whose table was made by study code, of the rows of its extract."""
    case = ended(RequestStage.RELEASED, left=True)
    code = replace(ACTIONS[1], kind=ActionKind.CODE, needs=("a",))
    return replace(case, jobs=(case.jobs[0], replace(case.jobs[1], action=code)))


def test_the_rows_that_a_released_table_was_counted_from_are_kept_until_its_people_are_listed() -> None:
    """[P10] Who is behind a table of study code is asked again of its extract, whenever something else is to leave."""
    assert set(chosen(counted_by_code(), days=10_000)) == {digest(each) for each in (LOG, DRAFT)}
    listed = NOTHING_YET.remembering((Remembered(*LEFT_TABLE, "7" * 64),))
    gone = chosen(counted_by_code(), days=10_000, so_far=listed)
    assert set(gone) == {digest(each) for each in (LOG, DRAFT, ROWS, MEMBERS, UNITS)}
    another = NOTHING_YET.remembering((Remembered(*LEFT_TABLE[:2], "6" * 64, "7" * 64),))
    assert set(chosen(counted_by_code(), days=10_000, so_far=another)) == {
        digest(each) for each in (LOG, DRAFT)
    }


def test_people_are_listed_when_the_rows_time_is_over_once_and_of_study_code_alone() -> None:
    def wanted(case: JobRequest, days: int, so_far: Retention = NOTHING_YET) -> tuple[object, ...]:
        return to_remember(Ended(case, BEGAN, True), RULES, BEGAN + timedelta(days=days), so_far)

    assert wanted(counted_by_code(), 90) == ()
    assert wanted(counted_by_code(), 91) == (LEFT_TABLE,)
    assert wanted(counted_by_code(), 91, NOTHING_YET.remembering((Remembered(*LEFT_TABLE, "7" * 64),))) == ()
    assert wanted(ended(RequestStage.RELEASED, left=True), 91) == (), (
        "of an aggregate the engine has listed them"
    )


@pytest.mark.parametrize("stage", [stage for stage in RequestStage if stage not in {
    RequestStage.RELEASED, RequestStage.FAILED, RequestStage.CANCELLED, RequestStage.REFUSED, RequestStage.RECALLED,
}])  # fmt: skip
def test_nothing_of_a_request_that_has_not_ended_is_due(stage: RequestStage) -> None:
    assert chosen(ended(stage), days=10_000) == {}


def test_nothing_is_due_before_a_release_lies_where_it_belongs() -> None:
    assert chosen(ended(RequestStage.RELEASED, left=True), days=10_000, settled=False) == {}


def test_what_another_request_needs_is_not_due() -> None:
    old, new = ended(RequestStage.FAILED), ended(RequestStage.CHECKED, name="r2")
    assert chosen(old, new, days=10_000) == {}


def test_what_a_site_does_not_name_is_kept_and_nothing_goes_within_a_month() -> None:
    assert chosen(ended(RequestStage.FAILED), days=10_000, rules=KeepFor({})) == {}
    only = KeepFor({Kept.LOGS: 30})
    assert set(chosen(ended(RequestStage.FAILED), days=31, rules=only).values()) == {"logs"}
    for wrong in ({Kept.LOGS: 29}, {Kept.STORES: 90}):
        with pytest.raises(Malformed):
            KeepFor(wrong)


# -- the book: a real ledger and a real shelf -------------------------------------------------------------------


@dataclass
class Room:
    """A ledger with one cancelled request, its files on a shelf, and doors that note what passed."""

    ledger: Ledger
    shelf: Quarantine
    open_incidents: list[Freeze] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    dies_after: int = 10**9
    passed: int = 0
    dies_listing: bool = False

    def destroy(self, thing, before: datetime) -> bool:
        if before.timestamp() > 0:
            if self.passed >= self.dies_after:
                raise KeyboardInterrupt
            self.passed += 1
        return (
            self.shelf.destroy(thing.digest, before=before.timestamp())
            if thing.kind is not Kept.STORES
            else True
        )

    def keep(self, content: bytes) -> str:
        self.kept[digest(content)] = content
        return digest(content)

    def list_people(self, case: JobRequest, table: tuple[str, str, str]) -> str:
        if self.dies_listing:
            raise KeyboardInterrupt
        return self.shelf.put(f"{case.id} {table}".encode())

    def book(self, rules: KeepFor = RULES) -> RetentionBook:
        doors = Doors(
            self.destroy,
            lambda: tuple(self.open_incidents),
            lambda _case: True,
            self.list_people,
            self.keep,
            lambda content: digest(b"signed" + content),
            lambda content, signature: signature == digest(b"signed" + content),
        )
        return RetentionBook(self.ledger, Site("Site", POLICY, rules), doors)

    def has(self, *contents: bytes) -> list[bool]:
        return [self.shelf.has(digest(each)) for each in contents]

    def released(self, request: str) -> None:
        """A request whose table study code made of an extract, and which has left."""
        code = replace(ACTIONS[1], kind=ActionKind.CODE, needs=("a",))
        submission = replace(SUBMISSION, actions=(ACTIONS[0], code))
        offered = (
            Offered(
                LEFT_TABLE[1],
                digest(TABLE),
                digest(TWIN),
                digest(REPORT),
                Confidence.PROVED,
                Verdict.SUPPRESSED,
            ),
        )
        events: list = [Submitted("ada", submission)]
        for action in ("a", "b"):
            events.append(Started(action, "image", "v1", "o" * 64, BEGAN.date()))
            events.append(Landed(action, OUTPUTS[action], digest(LOG)))
        votes = [
            Voted(name, (FileVote(LEFT_TABLE[1], digest(TWIN), Decision.APPROVE),))
            for name in ("cleo", "dan")
        ]
        events += [
            Finished(),
            Checked("e" * 64, offered),
            *votes,
            SignedOff("dan", (digest(TWIN),)),
            Released(LEFT),
        ]
        self.ledger.append(
            "request", request, tuple(events), expected_seq=0, actor="ada", at=BEGAN, policy=POLICY
        )

    def ran(self, request: str, *, ends: bool) -> None:
        """A request whose two actions ran, and which was cancelled, or is still being worked on."""
        events: list = [Submitted("ada", SUBMISSION)]
        for action in ("a", "b"):
            events.append(Started(action, "image", "v1", "o" * 64, BEGAN.date()))
            events.append(Landed(action, OUTPUTS[action], digest(LOG)))
        events += [Cancelled(Reason(ReasonCode.ERROR))] if ends else []
        self.ledger.append(
            "request", request, tuple(events), expected_seq=0, actor="ada", at=BEGAN, policy=POLICY
        )


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    ledger = Ledger.create(f"sqlite:///{tmp_path / 'ledger.db'}")
    shelf = Quarantine(tmp_path / "quarantine")
    for content in (ROWS, LOG, TABLE, DRAFT, MEMBERS, UNITS):
        shelf.put(content)
    room = Room(ledger, shelf)
    room.ran("r1", ends=True)
    yield room
    ledger.close()


def kinds(room: Room) -> list[str]:
    return [each.kind for each in room.ledger.case_events(RETENTION)]


def test_what_is_due_is_ordered_deleted_and_certified(room: Room) -> None:
    gone = room.book().run(EVE, LATER)
    assert room.has(ROWS, LOG, TABLE, DRAFT, MEMBERS, UNITS) == [False] * 6
    assert kinds(room) == ["retention.ordered", "retention.certified"]
    (certificate,) = room.book().certificates()
    statement = room.kept[certificate.statement]
    told = json.loads(statement)
    assert {each["digest"]["sha256"] for each in told["subject"]} == {each.digest for each in gone}
    assert told["predicate"]["keptForDays"] == {"extracts": 90, "logs": 180, "outputs": 365}
    assert (told["predicate"]["certifiedBy"], told["predicate"]["policy"]) == ("eve", POLICY)
    assert room.book().verify(certificate, statement) == len(gone) == 6
    assert deleted_digests(room.ledger) == {each.digest for each in gone}
    assert room.ledger.verify(None).position == room.ledger.head().position
    assert room.book().run(EVE, LATER) == ()
    assert len(kinds(room)) == 2, "nothing is due, and nothing is written"


def test_rows_go_once_the_people_behind_what_left_are_listed_and_that_is_on_the_ledger_first(
    room: Room,
) -> None:
    """[P10] Whoever dies in between has listed people twice, and lost nothing."""
    room.released("r2")
    room.dies_listing = True
    with pytest.raises(KeyboardInterrupt):
        room.book().run(EVE, LATER)
    assert kinds(room) == []
    assert room.has(ROWS) == [True]
    room.dies_listing = False
    room.book().run(EVE, LATER)
    assert kinds(room) == ["retention.remembered", "retention.ordered", "retention.certified"]
    assert room.has(ROWS, MEMBERS, TABLE) == [False, False, True]
    (people,) = lists_of_people(room.ledger).values()
    assert room.shelf.has(people)
    assert room.ledger.verify(None).position == room.ledger.head().position
    assert room.book().run(EVE, LATER) == ()
    assert len(kinds(room)) == 3, "they are listed once"


def test_no_people_are_listed_while_an_incident_is_open(room: Room) -> None:
    room.released("r2")
    room.open_incidents.append(INCIDENT)
    with pytest.raises(Refusal):
        room.book().run(EVE, LATER)
    assert kinds(room) == []


def test_while_an_incident_is_open_nothing_goes(room: Room) -> None:
    """[P15] Whatever it is about: nobody knows yet what is evidence for it."""
    room.open_incidents.append(INCIDENT)
    with pytest.raises(Refusal) as refusal:
        room.book().run(EVE, LATER)
    assert refusal.value.code == "evidence-frozen"
    assert kinds(room) == []
    room.open_incidents.clear()
    assert room.book().run(EVE, LATER)


@pytest.mark.parametrize("after", range(6))
def test_killed_at_any_file_the_next_run_completes_and_certifies_all_of_it(room: Room, after: int) -> None:
    room.dies_after = after
    with pytest.raises(KeyboardInterrupt):
        room.book().run(EVE, LATER)
    assert kinds(room) == ["retention.ordered"]
    assert sum(not there for there in room.has(ROWS, LOG, TABLE, DRAFT, MEMBERS, UNITS)) == after
    room.dies_after = 10**9
    assert len(room.book().run(EVE, LATER)) == 6
    assert kinds(room) == ["retention.ordered", "retention.certified"]
    assert not any(room.has(ROWS, LOG, TABLE, DRAFT, MEMBERS, UNITS))


def test_an_incident_opened_in_the_middle_spares_what_is_still_there(room: Room) -> None:
    room.dies_after = 2
    with pytest.raises(KeyboardInterrupt):
        room.book().run(EVE, LATER)
    room.dies_after = 10**9
    room.open_incidents.append(INCIDENT)
    with pytest.raises(Refusal):
        room.book().run(EVE, LATER)
    (certificate,) = room.book().certificates()
    assert len(json.loads(room.kept[certificate.statement])["subject"]) == 2
    assert sum(room.has(ROWS, LOG, TABLE, DRAFT, MEMBERS, UNITS)) == 4
    room.open_incidents.clear()
    assert len(room.book().run(EVE, LATER)) == 4


def test_what_was_ordered_and_is_needed_again_is_spared(room: Room) -> None:
    """An earlier result may be used again between an order and its completion."""
    room.dies_after = 0
    with pytest.raises(KeyboardInterrupt):
        room.book().run(EVE, LATER)
    room.ran("r2", ends=False)
    room.dies_after = 10**9
    assert room.book().run(EVE, LATER) == ()
    assert all(room.has(ROWS, LOG, TABLE, DRAFT, MEMBERS, UNITS))


def test_what_was_held_or_put_lately_is_spared_until_tomorrow(room: Room) -> None:
    now = datetime.now(UTC)
    old = replace_days(RULES, 30)
    assert room.book(old).run(EVE, now) == (), "the files were put a moment ago"
    assert all(room.has(ROWS, LOG))
    assert len(room.book(old).run(EVE, now + timedelta(days=2))) == 6


def replace_days(rules: KeepFor, days: int) -> KeepFor:
    return replace(rules, days=dict.fromkeys(rules.days, days))


def test_the_same_bytes_made_again_belong_to_who_made_them(room: Room) -> None:
    room.book().run(EVE, LATER)
    room.shelf.put(ROWS)
    room.ran("r2", ends=True)
    (certificate,) = room.book().certificates()
    room.book().verify(certificate, room.kept[certificate.statement])
    again = room.book().run(EVE, LATER)
    assert {(each.of, each.digest) for each in again} >= {("r2", digest(ROWS))}
    assert room.has(ROWS) == [False]


def test_a_certificate_that_is_not_true_is_found(room: Room) -> None:
    room.book().run(EVE, LATER)
    (certificate,) = room.book().certificates()
    statement = room.kept[certificate.statement]
    for spoilt in (replace(certificate, signature="0" * 64), replace(certificate, statement="0" * 64)):
        with pytest.raises(VaultRefused):
            room.book().verify(spoilt, statement)
    room.shelf.put(ROWS)
    with pytest.raises(VaultRefused) as refused:
        room.book().verify(certificate, statement)
    assert refused.value.code == "certificate-not-true"


def test_a_version_of_a_store_that_was_replaced_has_a_certificate(room: Room) -> None:
    for version in ("v1", "v2", "v3"):
        event = ListsPutInForce("tpp", (), version * 32)
        seq = len(room.ledger.case_events("lists"))
        room.ledger.append("lists", "lists", (event,), expected_seq=seq, actor="eve", at=BEGAN, policy=POLICY)
    gone = room.book(KeepFor({})).run(EVE, LATER)
    assert [(each.kind, each.of, each.digest) for each in gone] == [
        (Kept.STORES, "tpp", "v1" * 32),
        (Kept.STORES, "tpp", "v2" * 32),
    ]


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (
            Person("fay", frozenset(Role) - {Role.MAINTAINER, Role.PLATFORM}, date(2030, 1, 1)),
            "not-your-role",
        ),
        (replace(EVE, trained_until=date(2025, 1, 1)), "training-lapsed"),
    ],
)
def test_only_a_maintainer_whose_training_is_in_date_deletes(room: Room, person: Person, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        room.book().run(person, LATER)
    assert refusal.value.code == code
    assert all(room.has(ROWS, LOG))


def test_every_rule_of_the_gate_has_a_refusal_of_its_own(room: Room) -> None:
    assert len(RETENTION_RULES) == 5
    room.dies_after = 0
    with pytest.raises(KeyboardInterrupt):
        room.book().run(EVE, LATER)


def test_a_certificate_written_by_hand_is_found_when_the_ledger_is_verified(room: Room) -> None:
    forged = DeletionCertified((), "4" * 64, "5" * 128)
    room.ledger.append(RETENTION, RETENTION, (forged,), expected_seq=0, actor="eve", at=LATER, policy=POLICY)
    with pytest.raises(LedgerBroken) as broken:
        room.ledger.verify(None)
    assert broken.value.code == "history-impossible"
    assert DeletionOrdered.kind == "retention.ordered"
