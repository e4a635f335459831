"""[P12] Lists for people are folds: dropped and rebuilt they come back the same, and the public one tells no secrets."""

import dataclasses

import pytest
from sqlalchemy import Column, Engine, MetaData, Table, Text, delete, insert, inspect, update

from tests.records.examples import (
    EXAMPLES,
    POLICY,
    RAW,
    REPORT,
    REVIEW,
    RUN,
    STUDY,
    TWIN,
    tamper,
    tell,
    tell_everything,
)
from tre.custody.requests import RequestStage
from tre.records.database import Session, reading, writing
from tre.records.errors import LedgerBroken, ListBeingPrepared
from tre.records.ledger import Ledger
from tre.records.read_models import (
    ReadModels,
    Register,
    RegisteredJob,
    RequestRow,
    ReviewRow,
    StudyRow,
    Wanted,
    folding,
    tables,
)
from tre.records.read_models.cursors import BEGINNING, Behind, cursors
from tre.records.read_models.projections import PUBLIC_STATUS
from tre.records.read_models.tables import CURSORS, SHELVES, TABLE_OF, to_columns


@pytest.fixture
def lists(told: Ledger) -> ReadModels:
    lists = ReadModels(told)
    lists.catch_up()
    return lists


def words(register: Register) -> str:
    return repr(dataclasses.astuple(register))


def test_dropped_and_rebuilt_they_are_the_same_bytes(lists: ReadModels) -> None:
    before = lists.digest()
    assert lists.rebuild() == 19
    assert lists.digest() == before


@pytest.mark.parametrize("portion", [1, 2, 3, 7, 1000])
def test_in_whatever_portions_they_are_read_they_are_the_same(
    lists: ReadModels, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    before = lists.digest()
    monkeypatch.setattr(folding, "PORTION", portion)
    lists.rebuild()
    assert lists.digest() == before


def test_a_list_that_an_older_version_did_not_have_is_filled_from_the_beginning(
    told: Ledger, lists: ReadModels
) -> None:
    before = lists.digest()
    with writing(told.engine) as connection:
        TABLE_OF[ReviewRow].drop(connection)
    again = ReadModels(told)
    again.catch_up()
    assert again.digest() == before


def test_whoever_dies_while_lists_are_folded_is_followed_by_one_who_goes_on(
    told: Ledger, lists: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = lists.digest(), list[int]()
    take_in = folding._take_in

    def die(engine: object, where: Behind) -> None:
        seen.append(where.cursor.position)
        if len(seen) == 4:
            raise KeyboardInterrupt
        take_in(engine, where)

    monkeypatch.setattr(folding, "PORTION", 3)
    monkeypatch.setattr(folding, "_take_in", die)
    with pytest.raises(KeyboardInterrupt):
        lists.rebuild()
    assert ReadModels(told).prepare() == 19
    assert seen == [0, 3, 6, 9, 9, 12, 15, 18], "it went on where the last one had died"
    assert lists.digest() == before


def test_who_is_slower_does_not_undo_what_somebody_quicker_took_in(
    told: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "PORTION", 4)
    usual, lists = folding.writing, ReadModels(told)

    def overtaken(engine: Engine) -> Session:
        monkeypatch.setattr(folding, "writing", usual)
        ReadModels(told).prepare()
        return usual(engine)

    monkeypatch.setattr(folding, "writing", overtaken)
    folding._take_in(told.engine, Behind(BEGINNING, SHELVES))
    with reading(told.engine) as connection:
        assert {cursor.position for cursor in cursors(connection).values()} == {19}
    assert [row.id for row in lists.requests()] == ["run-1", "run-2"]


def test_of_two_who_fold_the_same_one_counts(told: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in = folding._take_in

    def both(engine: object, where: Behind) -> None:
        take_in(engine, where)
        take_in(engine, where)

    monkeypatch.setattr(folding, "PORTION", 4)
    twice, once = ReadModels(told), ReadModels(told)
    monkeypatch.setattr(folding, "_take_in", both)
    twice.prepare()
    digest = twice.digest()
    monkeypatch.setattr(folding, "_take_in", take_in)
    once.rebuild()
    assert once.digest() == digest


# -- two versions beside one another -------------------------------------------------------------------------------------


def test_a_list_that_a_newer_version_lays_out_otherwise_has_a_table_of_its_own() -> None:
    @dataclasses.dataclass(frozen=True)
    class Wider(RequestRow):
        also: str = ""

    assert tables._layout(Wider) != tables._layout(RequestRow) == tables._layout(RequestRow)


def test_a_list_that_is_far_behind_is_being_prepared_and_the_others_are_served(
    told: Ledger, lists: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade that adds a list: nobody waits for it who does not ask for it."""
    monkeypatch.setattr(folding, "LATE", 5)
    with writing(told.engine) as connection:
        connection.execute(delete(CURSORS).where(CURSORS.c.list == TABLE_OF[ReviewRow].name))
    upgraded, wanted = ReadModels(told), Wanted("ended_at")
    assert upgraded.catch_up() == 19
    assert [row.id for row in upgraded.requests()] == ["run-1", "run-2"]
    with pytest.raises(ListBeingPrepared, match="0 of 100"):
        upgraded.listing(ReviewRow, wanted)
    upgraded.prepare()
    assert upgraded.listing(ReviewRow, wanted) == lists.listing(ReviewRow, wanted)


def test_what_other_versions_laid_out_stays_until_it_is_said_that_none_is_at_work(
    told: Ledger, lists: ReadModels
) -> None:
    before = lists.digest()
    of_another = Table("read_requests_0badcafe", MetaData(), Column("id", Text, primary_key=True))
    with writing(told.engine) as connection:
        of_another.create(connection)
    assert ReadModels(told).catch_up() == 19
    with reading(told.engine) as connection:
        assert inspect(connection).has_table(of_another.name)
    assert lists.forget_others() == 1
    with reading(told.engine) as connection:
        assert not inspect(connection).has_table(of_another.name)
    assert lists.digest() == before


def test_what_is_counted_is_counted_anew_when_something_happens(told: Ledger, lists: ReadModels) -> None:
    assert (
        lists.counts(RequestRow, "stage") == lists.counts(RequestRow, "stage") == {"failed": 1, "released": 1}
    )
    tell(told, "request", "run-1", (("joan", EXAMPLES["request.recalled"]),))
    lists.catch_up()
    assert lists.counts(RequestRow, "stage") == {"failed": 1, "recalled": 1}


def test_something_new_changes_them_and_nothing_new_does_not(told: Ledger, lists: ReadModels) -> None:
    before = lists.digest()
    assert lists.catch_up() == 19
    assert lists.digest() == before
    tell(told, "request", "run-1", (("joan", EXAMPLES["request.recalled"]),))
    assert lists.catch_up() == 20
    assert lists.digest() != before


def test_a_row_that_somebody_changed_or_added_is_put_right_by_a_rebuild(
    told: Ledger, lists: ReadModels
) -> None:
    before = lists.digest()
    stranger = RegisteredJob("nobodys", "waning", "covid-19-research", "2026-01-01", "released")
    with told.transaction() as tx:
        tx._connection.execute(update(TABLE_OF[StudyRow]).values(stage="rejected"))
        tx._connection.execute(insert(TABLE_OF[RegisteredJob]), to_columns(stranger))
    assert lists.digest() != before
    lists.rebuild()
    assert lists.digest() == before


def test_another_ledger_in_the_place_of_the_old_one_is_read_from_its_beginning(
    told: Ledger, lists: ReadModels
) -> None:
    tamper(told_path(told), "DELETE FROM events")
    assert lists.catch_up() == 0
    assert lists.studies() == ()
    tell(told, "application", "waning", STUDY[:1])
    assert lists.catch_up() == 1
    assert [row.stage for row in lists.studies()] == ["applied"]


def told_path(ledger: Ledger) -> str:
    return str(ledger.engine.url.database)


def test_they_are_never_folded_from_a_changed_event(told: Ledger) -> None:
    tamper(told_path(told), "UPDATE events SET actor = 'eve' WHERE position = 5")
    lists = ReadModels(told)
    with pytest.raises(LedgerBroken):
        lists.catch_up()
    assert lists.requests() == ()


def test_the_list_of_studies(lists: ReadModels) -> None:
    (study,) = lists.studies()
    assert (study.id, study.stage, study.members) == ("waning", "approved", ("ada", "grace"))
    assert (study.approver, study.approved_from, study.approved_until) == ("mary", "2024-01-02", "2025-06-30")
    assert study.position == 4


def test_the_list_of_requests(lists: ReadModels) -> None:
    rows = {row.id: (row.stage, row.actions, row.landed, row.round) for row in lists.requests()}
    assert rows == {"run-1": ("released", 2, 2, 1), "run-2": ("failed", 2, 0, 0)}
    assert [row.id for row in lists.requests(stages=("failed", "running"))] == ["run-2"]
    assert [row.id for row in lists.requests(study="waning")] == ["run-1", "run-2"]
    assert lists.requests(study="other") == lists.requests(stages=()) == ()


def test_the_register_shows_every_approved_study_every_job_and_every_release(lists: ReadModels) -> None:
    register = lists.register()
    (study,) = register.studies
    assert (study.title, study.purpose) == ("Waning — immunité après vaccination", "covid-19-research")
    assert (study.legal_basis, study.starts, study.ends) == (
        "covid-19-directions-2020",
        "2024-01-02",
        "2025-06-30",
    )
    assert study.lay_summary
    assert study.organisation
    assert [(job.id, job.status) for job in register.jobs] == [("run-1", "released"), ("run-2", "failed")]
    (release,) = register.releases
    assert release.files == (f"output/table.csv {TWIN}",)
    assert release.recalled_at == ""


def test_a_study_that_was_never_approved_is_not_on_the_register(ledger: Ledger) -> None:
    tell(ledger, "application", "waning", (*STUDY[:3], ("mary", EXAMPLES["application.rejected"])))
    lists = ReadModels(ledger)
    lists.catch_up()
    assert lists.register().studies == ()
    assert [row.stage for row in lists.studies()] == ["rejected"]


def test_a_study_that_was_withdrawn_and_a_release_that_was_recalled_stay_on_the_register(
    told: Ledger,
) -> None:
    tell(told, "request", "run-1", (("joan", EXAMPLES["request.recalled"]),))
    tell(told, "application", "waning", (("mary", EXAMPLES["application.withdrawn"]),))
    lists = ReadModels(told)
    lists.catch_up()
    register = lists.register()
    assert [study.status for study in register.studies] == ["withdrawn"]
    assert [release.recalled_at[:10] for release in register.releases] == ["2024-03-01"]
    assert [job.status for job in register.jobs] == ["recalled", "failed"]


def test_the_register_says_every_stage_in_words_that_tell_nothing_of_the_review() -> None:
    assert set(PUBLIC_STATUS) == set(RequestStage)
    reviewing = {"landed", "checked", "voted", "reviewed", "returned", "signed-off"}
    assert {PUBLIC_STATUS[RequestStage(stage)] for stage in reviewing} == {"in review"}


def test_the_register_never_changes_while_a_job_is_in_review(ledger: Ledger) -> None:
    tell(ledger, "application", "waning", STUDY)
    tell(ledger, "request", "run-1", RUN)
    lists = ReadModels(ledger)
    lists.catch_up()
    before = lists.register()
    for step in REVIEW[:-1]:
        tell(ledger, "request", "run-1", (step,))
        lists.catch_up()
        assert lists.register() == before, f"{step[1].kind} shows"
    tell(ledger, "request", "run-1", REVIEW[-1:])
    lists.catch_up()
    assert lists.register() != before


def test_nobody_and_nothing_unreleased_is_named_on_the_register(ledger: Ledger) -> None:
    tell_everything(ledger)
    lists = ReadModels(ledger)
    lists.catch_up()
    public = words(lists.register())
    secrets = {"ada", "grace", "mary", "edith", "joan", RAW, REPORT, POLICY, "out-of-time", "sha256:"}
    assert [secret for secret in secrets if secret in public] == []


def test_two_ledgers_with_the_same_events_have_the_same_lists(
    told: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> None:
    twin = Ledger.create(f"sqlite:///{tmp_path_factory.mktemp('twin')}/ledger.db")
    for each in told.events():
        twin.append(
            each.case_kind,
            each.case_id,
            (each.event,),
            expected_seq=each.seq - 1,
            actor=each.actor,
            at=each.at,
            policy=each.policy,
        )
    digests = []
    for ledger in (told, twin):
        lists = ReadModels(ledger)
        lists.catch_up()
        digests.append(lists.digest())
    twin.close()
    assert digests[0] == digests[1]
