"""Several workers on one ledger: whoever comes late looks again instead of asking for everything that others have taken."""

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.torture.stand import begin, hands, review, submit
from tre.custody.requests import JobRequest, RequestStage
from tre.main import Opening
from tre.records.envelope import Envelope
from tre.records.errors import LedgerUnavailable, LeftMeanwhile
from tre.worker import Worker

JOBS = 14


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    """Two workers of one site, each in a house of its own, and jobs that have been handed in."""
    site = tmp_path / "site"
    study = begin(site, lease=30)
    openings = [Opening(site, hands(site)) for _ in range(2)]
    workers = [opening._worker(name) for opening, name in zip(openings, ("first", "second"), strict=True)]
    submit(site, study, JOBS, 0)
    yield workers[0], workers[1]
    for worker, opening in zip(workers, openings, strict=True):
        worker.close()
        opening._seals.ledger.close()


def test_a_worker_that_is_behind_asks_once_and_looks_again(
    two: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    second._queue.refresh(second._board.catch_up())
    first.run_until_idle()
    asked: list[str] = []
    claim = second.service.claim
    monkeypatch.setattr(
        second.service,
        "claim",
        lambda now, request, **more: asked.append(request) or claim(now, request, **more),
    )
    second._start_actions()
    assert len(asked) == 1, "what it had in its queue was taken long ago"
    second.run_until_idle()
    assert len(asked) == 1


def test_nothing_is_done_twice_by_two(two: tuple[Worker, Worker]) -> None:
    first, second = two
    moved = [True]
    while any(moved):
        moved = [bool(worker.look() or worker.busy) for worker in (second, first)]
    requests = seen_by(first)
    assert {case.stage for case in requests} == {RequestStage.CHECKED, RequestStage.FAILED}
    ends = [
        (each.case_id, each.event.action)
        for each in first.service.ledger.events()
        if each.kind in {"request.landed", "request.failed"}
    ]
    assert len(ends) == len(set(ends))
    claimed = {claim.worker for case in requests for claim in first.service.claims.of(case.id).values()}
    assert claimed == {"first", "second"}, "both have worked"


def test_no_more_is_taken_on_than_there_are_hands_for(
    two: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checks that wait in line are out of date when their turn comes, where another worker has done them."""
    first, second = two
    monkeypatch.setattr(first, "_run_errands", lambda: False)
    first.run_until_idle()
    assert sum(case.stage is RequestStage.LANDED for case in seen_by(second)) > second.tools.settings.errands
    taken_on: list[int] = []
    go = second._go

    def counted(*what: Any) -> Any:
        taken_on.append(sum(each.errand is not None for each in second._running.values()))
        return go(*what)

    monkeypatch.setattr(second, "_go", counted)
    second.run_until_idle()
    assert max(taken_on) <= second.tools.settings.errands
    assert RequestStage.LANDED not in {case.stage for case in seen_by(second)}


def test_of_two_that_would_leave_at_once_the_second_is_compared_with_the_first(
    two: tuple[Worker, Worker], tmp_path: Path
) -> None:
    """Each was compared with everything that had left, but not with the other, which leaves at the same moment [P10]."""
    first, second = two
    first.run_until_idle()
    reviewed(tmp_path / "site")
    for worker in two:
        worker._board.catch_up()
    signed = [case for case in first._board.cases.values() if case.stage is RequestStage.SIGNED_OFF][:2]
    releases = [worker._errands.of(case) for worker, case in zip(two, signed, strict=True)]
    assert all(errand is not None for errand in releases)
    fault = first._go(signed[0], releases[0])  # type: ignore[arg-type]
    assert fault is None
    assert first.service.request(signed[0].id).stage is RequestStage.RELEASED
    with pytest.raises(LeftMeanwhile):
        releases[1].work(signed[1], 1)  # type: ignore[union-attr]
    assert first.service.request(signed[1].id).stage is RequestStage.SIGNED_OFF
    second.run_until_idle()
    assert first.service.request(signed[1].id).stage is RequestStage.RELEASED


def test_what_may_not_leave_any_more_is_checked_anew_and_does_not_leave(
    two: tuple[Worker, Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed off, and then something left beside which it would single somebody out: it goes back to its reviewers [P10]."""
    first, _ = two
    first.run_until_idle()
    reviewed(tmp_path / "site")
    first._board.catch_up()
    signed = next(case for case in first._board.cases.values() if case.stage is RequestStage.SIGNED_OFF)
    errand = first._errands.of(signed)
    assert errand is not None
    assert errand.lets_out
    monkeypatch.setattr(first.tools.checks, "overtaken", lambda _case, _others: True)
    assert first._go(signed, errand) is None
    after = first.service.request(signed.id)
    assert after.stage is RequestStage.CHECKED
    assert not after.statements


def test_a_look_does_not_wait_for_what_is_compared(
    two: tuple[Worker, Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To compare takes as long as there are releases; the loop renews the lease, and must not lose what runs meanwhile."""
    first, _ = two
    first.run_until_idle()
    reviewed(tmp_path / "site")
    looked, overtaken = threading.Event(), first.tools.checks.overtaken

    def slowly(case: JobRequest, others: Sequence[JobRequest]) -> bool:
        assert looked.wait(60), "the loop stands still while it is compared"
        return overtaken(case, others)

    monkeypatch.setattr(first.tools.checks, "overtaken", slowly)
    first.look()
    looked.set()
    first.run_until_idle()
    assert not {case.stage for case in seen_by(first)} & {RequestStage.SIGNED_OFF, RequestStage.CHECKED}


def test_what_a_worker_fails_at_is_not_kept_from_the_others_until_its_lease_lapses(
    two: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    monkeypatch.setattr(first.tools.checks, "over", lambda *_: 1 / 0)
    first.run_until_idle()
    assert RequestStage.LANDED in {case.stage for case in seen_by(second)}
    second.run_until_idle()
    assert {case.stage for case in seen_by(second)} == {RequestStage.CHECKED, RequestStage.FAILED}


def test_nothing_is_missed_where_the_ledger_goes_away_in_the_midst_of_reading_it(
    two: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    first.run_until_idle()
    events = second.service.ledger.events

    def cut_short(after: int) -> Iterator[Envelope]:
        yield from islice(events(after), 9)
        raise LedgerUnavailable("ledger-unavailable", "It is away.", fix="Wait.")

    with monkeypatch.context() as away:
        away.setattr(second.service.ledger, "events", cut_short)
        with pytest.raises(LedgerUnavailable):
            second._board.catch_up()
    assert second._board.catch_up().keys() == {each.case_id for each in events(0)}


def reviewed(site: Path) -> None:
    house = hands(site).wiring().open_house(site)
    review(house)
    house.service.ledger.close()


def seen_by(worker: Worker) -> list[JobRequest]:
    return [worker.service.request(request) for request in worker.service.request_ids()]
