"""A worker at work on a real site, its programs played: woken and not polling, paused and resumed, failing and giving up."""

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.torture.stand import ENGINE_AWAY, begin, hands, tre_says, write_study
from tre.cli.house import House
from tre.custody.requests import Outcome, RequestStage
from tre.dispatch.retry import MOST_FAULTS
from tre.worker import Worker

NUMBERS = count(1000)


@pytest.fixture
def stand(tmp_path: Path) -> tuple[Path, str]:
    return tmp_path / "site", begin(tmp_path / "site", lease=30)


@pytest.fixture
def house(stand: tuple[Path, str]) -> Iterator[House]:
    house = hands(stand[0]).wiring().open_house(stand[0])
    yield house
    house.service.ledger.close()


@pytest.fixture
def worker(house: House) -> Iterator[Worker]:
    worker = house.worker("worker")
    yield worker
    worker.close()


def submitted(stand: tuple[Path, str], kind: str = "table", number: int = 0) -> str:
    site, study = stand
    folder = write_study(site.parent / f"study-{next(NUMBERS)}", kind, number or next(NUMBERS), 0)
    return str(tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)["request"])


def kinds(house: House, request: str) -> list[str]:
    return [each.kind for each in house.service.ledger.case_events(request)]


def test_a_sleeping_worker_is_woken_by_a_submission(stand: tuple[Path, str], house: House) -> None:
    command = [sys.executable, "-m", "tests.torture.stand", str(stand[0]), "worker"]
    asleep = subprocess.Popen(command)
    try:
        submitted(stand, number=1)
        wait_until(
            lambda: house.service.request(house.service.request_ids()[0]).stage is RequestStage.CHECKED
        )
        latencies = sorted(start_latency(stand, house, number) for number in range(2, 7))
    finally:
        asleep.kill()
        asleep.wait()
    # The best of five: what the machine does beside this is not ours; a worker that polls would need luck five times.
    assert latencies[0] < 0.1, latencies


def start_latency(stand: tuple[Path, str], house: House, number: int) -> float:
    request = submitted(stand, "boom", number)
    wait_until(lambda: house.service.request(request).stage is RequestStage.FAILED)
    times = {each.kind: each.at for each in house.service.ledger.case_events(request)}
    return (times["request.started"] - times["request.submitted"]).total_seconds()


def test_a_pause_says_why_and_a_resume_goes_on(stand: tuple[Path, str], house: House, worker: Worker) -> None:
    request = submitted(stand)
    tre_says(stand[0], "--as", "eve", "worker", "pause", "--why", "a new disk")
    (waiting,) = worker.run_until_idle()
    assert waiting.code == "paused"
    assert "a new disk" in waiting.sentence
    assert kinds(house, request) == ["request.submitted"]
    tre_says(stand[0], "--as", "eve", "worker", "resume")
    assert worker.run_until_idle() == ()
    assert house.service.request(request).stage is RequestStage.CHECKED


def test_data_actions_wait_for_a_pause_of_data_and_others_do_not(
    stand: tuple[Path, str], house: House, worker: Worker
) -> None:
    data, code = submitted(stand), submitted(stand, "boom")
    tre_says(stand[0], "--as", "eve", "worker", "pause", "--data", "--why", "a new store")
    (waiting,) = worker.run_until_idle()
    assert (waiting.request, waiting.code) == (data, "data-paused")
    assert house.service.request(code).stage is RequestStage.FAILED


def test_an_engine_that_is_away_is_waited_for_and_costs_nobody_anything(
    stand: tuple[Path, str], house: House, worker: Worker
) -> None:
    request = submitted(stand)
    house.worker("worker").settle()
    (stand[0] / ENGINE_AWAY).touch()
    assert [each.request for each in worker.run_until_idle()] == [request]
    (stand[0] / ENGINE_AWAY).unlink()
    worker._host_again_at = 0.0
    assert worker.run_until_idle() == ()
    assert house.service.request(request).stage is RequestStage.CHECKED
    assert house.service.claims.faults() == {}


def test_a_fault_of_the_platform_is_tried_again_so_many_times_and_then_said(
    stand: tuple[Path, str], house: House, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = submitted(stand, "boom")
    monkeypatch.setattr(worker.tools.dispatcher, "run", broken)
    monkeypatch.setattr("tre.worker.loop.wait_after", lambda _number: 0.0)
    worker.run_until_idle()
    case = house.service.request(request)
    assert (case.stage, case.jobs[0].outcome) == (RequestStage.FAILED, Outcome.PLATFORM_FAULT)
    assert house.service.claims.faults()[request, "boom"].number == MOST_FAULTS
    assert kinds(house, request).count("request.failed") == 1


def broken(*_args: object, **_kwargs: object) -> None:
    raise ZeroDivisionError("a value from a row")


def test_a_failure_of_the_study_is_not_tried_again(
    stand: tuple[Path, str], house: House, worker: Worker
) -> None:
    request = submitted(stand, "boom")
    worker.run_until_idle()
    assert house.service.request(request).jobs[0].outcome is Outcome.FAILED
    assert house.service.claims.faults() == {}


def test_a_result_is_used_again_only_when_everything_is_the_same(
    stand: tuple[Path, str], house: House, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submitted(stand, number=7)
    worker.run_until_idle()
    ran: list[str] = []
    run = worker.tools.dispatcher.run
    monkeypatch.setattr(
        worker.tools.dispatcher,
        "run",
        lambda case, action, **more: ran.append(action) or run(case, action, **more),
    )
    same = submitted(stand, number=7)
    worker.run_until_idle()
    assert ran == []
    assert same == f"{first}-2"
    assert house.service.request(same).outputs == house.service.request(first).outputs
    submitted(stand, number=8)
    worker.run_until_idle()
    assert ran == ["cohort", "table"], "another query and another script"


def wait_until(there: object, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
