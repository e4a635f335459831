"""What every ledger promises, whatever database it is kept in. Inherited by one test class for each."""

import dataclasses
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.records.examples import (
    EXAMPLES,
    KEY,
    NOW,
    POLICY,
    PROPOSAL,
    REVIEW,
    RUN,
    STUDY,
    tell,
    tell_everything,
)
from tre.custody import events as e
from tre.custody.errors import Refusal
from tre.custody.requests import JobRequest, RequestStage
from tre.custody.studies import Application, ApplicationStage
from tre.records import database, rows
from tre.records.checkpoint import sign
from tre.records.envelope import GENESIS
from tre.records.errors import CaseMoved, LedgerRefused, LedgerUnavailable
from tre.records.ledger import Ledger
from tre.records.read_models import ReadModels, folding

APPLIED = EXAMPLES["application.applied"]
REPOSITORY = Path(__file__).parents[2]


class LedgerContract:
    """Needs a fixture ``ledger``: a new one, empty; and a fixture ``url``: where it is."""

    def test_a_new_ledger_is_empty_and_verifies(self, ledger: Ledger) -> None:
        assert [*ledger.events()] == []
        assert (ledger.head().position, ledger.head().hash) == (0, GENESIS)
        assert ledger.verify().position == 0

    def test_positions_and_places_are_dense_from_one(self, ledger: Ledger) -> None:
        tell_everything(ledger)
        envelopes = [*ledger.events()]
        assert [each.position for each in envelopes] == [*range(1, len(envelopes) + 1)]
        for case in ("waning", "run-1", "run-2"):
            places = [each.seq for each in envelopes if each.case_id == case]
            assert places == [*range(1, len(places) + 1)]

    def test_every_kind_of_event_comes_back_as_it_went_in(self, ledger: Ledger) -> None:
        for number, event in enumerate(EXAMPLES.values()):
            kind = event.kind.partition(".")[0]
            ledger.append(
                kind, f"case-{number}", (event,), expected_seq=0, actor="ada", at=NOW, policy=POLICY
            )
        assert [each.event for each in ledger.events()] == [*EXAMPLES.values()]

    def test_each_event_is_chained_to_the_one_before(self, ledger: Ledger) -> None:
        tell_everything(ledger)
        envelopes = [*ledger.events()]
        assert [each.previous for each in envelopes] == [GENESIS, *(each.hash for each in envelopes[:-1])]
        assert ledger.verify().hash == envelopes[-1].hash == ledger.head().hash

    def test_what_append_returns_is_what_the_ledger_holds(self, ledger: Ledger) -> None:
        events = [event for _, event in STUDY]
        kept = ledger.append(
            "application", "waning", events, expected_seq=0, actor="ada", at=NOW, policy=POLICY
        )
        assert kept == tuple(ledger.events()) == ledger.case_events("waning")

    def test_a_case_is_folded_from_its_events(self, ledger: Ledger) -> None:
        tell_everything(ledger)
        study, study_seq = ledger.case("application", "waning")
        request, _ = ledger.case("request", "run-1")
        assert isinstance(study, Application)
        assert (study.stage, study_seq) == (ApplicationStage.APPROVED, len(STUDY))
        assert isinstance(request, JobRequest)
        assert request.stage is RequestStage.RELEASED

    def test_a_case_that_nobody_began_is_new(self, ledger: Ledger) -> None:
        case, seq = ledger.case("request", "nobody")
        assert (case.stage, seq) == (RequestStage.NEW, 0)

    def test_moments_are_kept_in_utc_to_the_microsecond(self, ledger: Ledger) -> None:
        at = datetime(2024, 7, 1, 0, 30, 0, 7, tzinfo=timezone(timedelta(hours=1)))
        ledger.append("application", "waning", (APPLIED,), expected_seq=0, actor="ada", at=at, policy=POLICY)
        (envelope,) = ledger.events()
        assert envelope.at == at
        assert envelope.at.tzinfo is UTC or envelope.at.utcoffset() == timedelta(0)

    def test_reading_goes_on_from_any_position(self, ledger: Ledger) -> None:
        tell_everything(ledger)
        assert [each.position for each in ledger.events(after=15)] == [16, 17, 18, 19]
        assert [*ledger.events(after=19)] == []

    def test_a_case_that_has_moved_is_refused_and_nothing_is_written(self, ledger: Ledger) -> None:
        tell(ledger, "application", "waning", STUDY[:2])
        for stale in (0, 1, 3):
            with pytest.raises(CaseMoved) as caught:
                ledger.append(
                    "application",
                    "waning",
                    (APPLIED,),
                    expected_seq=stale,
                    actor="ada",
                    at=NOW,
                    policy=POLICY,
                )
            assert (caught.value.expected, caught.value.found) == (stale, 2)
        assert ledger.head().position == 2

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"events": ()}, "nothing-to-append"),
            ({"events": (EXAMPLES["request.finished"],)}, "event-of-another-kind"),
            ({"events": (APPLIED, EXAMPLES["request.finished"])}, "event-of-another-kind"),
            (
                {"events": (e.Submitted("\ud800", RUN[0][1].submission),), "case_kind": "request"},
                "event-not-spellable",
            ),  # type: ignore[attr-defined]
            ({"events": (e.SignedOff("edith", ["a"]),), "case_kind": "request"}, "event-not-spellable"),  # type: ignore[arg-type]
            ({"actor": ""}, "name-not-usable"),
            ({"actor": "a\nb"}, "name-not-usable"),
            ({"case_id": "x" * 201}, "name-not-usable"),
            ({"case_id": "a\u202eb"}, "name-not-usable"),
            ({"policy": "version 3"}, "policy-not-a-digest"),
            ({"at": datetime(2024, 1, 1)}, "moment-without-zone"),  # noqa: DTZ001 - what is refused
            ({"case_kind": "parcel"}, "event-of-another-kind"),
        ],
    )
    def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
        self, ledger: Ledger, change: dict[str, object], code: str
    ) -> None:
        asked = {
            "case_kind": "application",
            "case_id": "waning",
            "events": (APPLIED,),
            "expected_seq": 0,
            "actor": "ada",
            "at": NOW,
            "policy": POLICY,
        }
        with pytest.raises(LedgerRefused) as caught:
            ledger.append(**(asked | change))  # type: ignore[arg-type]
        assert caught.value.code == code
        assert caught.value.fix
        assert ledger.head().position == 0

    def test_an_id_belongs_to_one_kind_of_case(self, ledger: Ledger) -> None:
        tell(ledger, "application", "waning", STUDY[:1])
        with pytest.raises(LedgerRefused, match="case-of-another-kind"):
            ledger.case("request", "waning")
        with pytest.raises(LedgerRefused, match="case-of-another-kind"):
            tell_request_as(ledger, "waning")
        with pytest.raises(LedgerRefused, match="no-such-kind"):
            ledger.case("parcel", "waning")

    def test_two_cases_move_in_one_transaction_or_neither_does(self, ledger: Ledger) -> None:
        tell_everything(ledger)
        reason = EXAMPLES["request.recalled"]
        with ledger.transaction() as tx:
            _, request_seq = tx.case("request", "run-1")
            _, study_seq = tx.case("application", "waning")
            kept = [
                *tx.append(
                    "request",
                    "run-1",
                    (reason,),
                    expected_seq=request_seq,
                    actor="joan",
                    at=NOW,
                    policy=POLICY,
                ),
                *tx.append(
                    "application",
                    "waning",
                    (EXAMPLES["application.suspended"],),
                    expected_seq=study_seq,
                    actor="joan",
                    at=NOW,
                    policy=POLICY,
                ),
            ]
        assert [each.position for each in kept] == [20, 21]
        assert kept[1].previous == kept[0].hash
        assert ledger.verify().position == 21

    @pytest.mark.parametrize(
        "thrown",
        [
            Refusal("own-study", "You are on it.", "Ask another.", "P16"),
            KeyboardInterrupt(),
            CaseMoved("x", expected=1, found=2),
        ],
        ids=["refusal", "ctrl-c", "case-moved"],
    )
    def test_whatever_ends_a_transaction_comes_out_as_it_is_and_nothing_is_written(
        self, ledger: Ledger, thrown: BaseException
    ) -> None:
        with pytest.raises(type(thrown)) as caught:
            append_and_throw(ledger, thrown)
        assert caught.value is thrown
        assert ledger.head().position == 0
        tell(ledger, "application", "waning", STUDY)

    def test_a_transaction_sees_what_it_has_appended(self, ledger: Ledger) -> None:
        with ledger.transaction() as tx:
            tx.append("application", "waning", (APPLIED,), expected_seq=0, actor="ada", at=NOW, policy=POLICY)
            assert tx.case("application", "waning")[1] == 1
            assert tx.head().position == len(tx.case_events("waning")) == 1

    def test_of_many_threads_that_decided_on_the_same_case_one_wins(self, ledger: Ledger) -> None:
        tell(ledger, "application", "waning", STUDY)
        outcomes: list[str] = []

        def suspend() -> None:
            try:
                event = EXAMPLES["application.suspended"]
                ledger.append(
                    "application", "waning", (event,), expected_seq=4, actor="mary", at=NOW, policy=POLICY
                )
                outcomes.append("won")
            except CaseMoved:
                outcomes.append("moved")

        threads = [threading.Thread(target=suspend) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["moved"] * 7 + ["won"]
        assert ledger.verify().position == 5

    def test_what_a_transaction_has_read_cannot_change_before_it_ends(self, ledger: Ledger) -> None:
        tell(ledger, "application", "waning", STUDY)
        done = threading.Event()

        def suspend() -> None:
            event = EXAMPLES["application.suspended"]
            ledger.append(
                "application", "waning", (event,), expected_seq=4, actor="mary", at=NOW, policy=POLICY
            )
            done.set()

        other = threading.Thread(target=suspend)
        with ledger.transaction() as tx:
            before = tx.case("application", "waning")
            other.start()
            assert not done.wait(0.2), "another write went in between"
            assert tx.case("application", "waning") == before
        other.join()
        assert ledger.head().position == 5

    def test_readers_go_on_while_a_write_is_held(self, ledger: Ledger) -> None:
        tell(ledger, "application", "waning", STUDY)
        with ledger.transaction() as tx:
            tx.case("application", "waning")
            assert ledger.case("application", "waning")[1] == len(STUDY)

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE events SET actor = 'eve'", "DELETE FROM events", "DELETE FROM events WHERE position = 2"],
    )
    def test_the_database_itself_refuses_a_change(self, ledger: Ledger, statement: str) -> None:
        tell(ledger, "application", "waning", STUDY)
        with pytest.raises(LedgerUnavailable), ledger.transaction() as tx:
            tx._connection.exec_driver_sql(statement)
        assert ledger.verify().position == len(STUDY)

    def test_a_signed_checkpoint_witnesses_the_history_it_was_signed_over(self, ledger: Ledger) -> None:
        tell(ledger, "application", "waning", STUDY)
        head = ledger.head()
        checkpoint = sign(head.position, head.hash, at=NOW, key=KEY)
        tell(ledger, "request", "run-1", RUN)
        assert ledger.verify(checkpoint).witnessed == len(STUDY)

    def test_read_models_come_back_the_same_however_they_were_read(self, ledger: Ledger) -> None:
        lists = ReadModels(ledger)
        tell(ledger, "application", "waning", STUDY)
        lists.catch_up()
        tell(ledger, "request", "run-1", RUN)
        lists.catch_up()
        tell(ledger, "request", "run-1", REVIEW)
        assert lists.catch_up() == ledger.head().position
        portions = lists.digest()
        lists.rebuild()
        assert lists.digest() == portions

    @pytest.mark.parametrize("case_id", ["a\0b", "\ud800"])
    def test_an_id_that_no_case_can_have_is_of_no_case(self, ledger: Ledger, case_id: str) -> None:
        assert ledger.case("request", case_id)[1] == 0
        assert ledger.case_events(case_id) == ()

    def test_no_word_that_a_person_wrote_stops_the_lists(self, ledger: Ledger) -> None:
        lists = ReadModels(ledger)
        proposal = dataclasses.replace(PROPOSAL, title="a\0b", members=("a\0da",))
        tell(ledger, "application", "waning", (("ada", e.Applied(proposal)),))
        assert lists.catch_up() == 1
        assert [(each.title, each.members) for each in lists.studies()] == [("a\u2400b", ("a\0da",))]

    def test_lists_are_in_the_same_order_wherever_they_are_kept(self, ledger: Ledger) -> None:
        lists = ReadModels(ledger)
        for name in ("b", "é", "A", "z", "a", "B"):
            tell(ledger, "application", name, (("ada", APPLIED),))
        lists.catch_up()
        assert [each.id for each in lists.studies()] == ["A", "B", "a", "b", "z", "é"]

    def test_readers_of_the_lists_see_the_old_ones_while_they_are_folded_again(
        self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lists = ReadModels(ledger)
        tell(ledger, "application", "waning", STUDY)
        lists.catch_up()
        seen: list[tuple[str, ...]] = []
        read = threading.Event()

        def look() -> None:
            seen.append(tuple(each.id for each in lists.studies()))
            read.set()

        def look_and_take_in(*where: object, take_in: object = folding._take_in) -> object:
            reader.start()
            assert read.wait(5), "a reader waits for the lists to be folded"
            return take_in(*where)  # type: ignore[operator]

        reader = threading.Thread(target=look)
        monkeypatch.setattr(folding, "_take_in", look_and_take_in)
        lists.rebuild()
        reader.join()
        assert seen == [("waning",)]

    def test_what_a_reader_sees_does_not_change_while_it_reads(self, ledger: Ledger) -> None:
        with database.reading(ledger.engine) as connection:
            before = rows.head_of(connection)
            tell(ledger, "application", "waning", STUDY)
            assert rows.head_of(connection) == before
        assert ledger.head().position == len(STUDY)

    def test_of_two_processes_that_decided_on_the_same_case_exactly_one_wins(
        self, ledger: Ledger, url: str
    ) -> None:
        tell(ledger, "application", "waning", STUDY)
        racers = [start(url, "race") for _ in range(2)]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == b"ready\n"
        for racer in racers:
            racer.stdin.write(b"go\n")  # type: ignore[union-attr]
            racer.stdin.flush()  # type: ignore[union-attr]
        answers = [racer.communicate(timeout=60)[0].decode().splitlines() for racer in racers]
        rounds = [*zip(*answers, strict=True)]
        assert len(rounds) == 20
        assert all(sorted(answer) == ["moved", "won"] for answer in rounds)
        assert ledger.verify().position == len(STUDY) + 20

    @pytest.mark.usefixtures("ledger")
    def test_a_writer_that_is_killed_at_any_moment_leaves_a_ledger_that_verifies(self, url: str) -> None:
        chance = random.Random(7)  # noqa: S311 - when to kill, not what to hide
        said = 0
        for _ in range(8):
            writer = start(url, "forever")
            assert writer.stdout is not None
            with writer:
                assert writer.stdout.readline() == b"ready\n"
                time.sleep(chance.uniform(0.005, 0.08))
                writer.send_signal(signal.SIGKILL)
                said += len(writer.stdout.read().splitlines())
            survivor = Ledger.open(url)
            verified = survivor.verify()
            survivor.close()
            assert verified.position >= 2 * said, "what was said to be kept was lost"
            assert verified.position % 2 == 0, "half of an append was kept"
        assert said > 0, "no writer ever got as far as an append"


def start(url: str, what: str) -> subprocess.Popen[bytes]:
    """A process of its own that opens that ledger and says that it is ready."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.records.writer", url, what],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def append_and_throw(ledger: Ledger, thrown: BaseException) -> None:
    with ledger.transaction() as tx:
        tx.append("application", "waning", (APPLIED,), expected_seq=0, actor="ada", at=NOW, policy=POLICY)
        raise thrown


def tell_request_as(ledger: Ledger, case_id: str) -> None:
    submitted = EXAMPLES["request.submitted"]
    ledger.append("request", case_id, (submitted,), expected_seq=1, actor="ada", at=NOW, policy=POLICY)
