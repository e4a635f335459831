"""A bad night, small: what it must not change is not changed [P13]. `make torture` is the same with a thousand jobs."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.model import Box, Input, Phase, RunnerUnavailable, Status
from sandboxes.rehearsal import IMAGES
from tests.torture import stand
from tests.torture.__main__ import SHORT, database_of_its_own
from tests.torture.blows import engine_gone, step_clock
from tests.torture.chaos import Torture, torture, what_is_wrong
from tests.torture.stand import CHECKERS, Played, begin, hands, hands_now, review, submit
from tre.custody.outputs import Decision, FileVote
from tre.custody.requests import RequestStage
from tre.main import Opening
from tre.service import By

SERVER = os.environ.get("TRE_TEST_POSTGRES_URL", "")
JOBS = 7

pytestmark = pytest.mark.slow


@pytest.fixture
def database() -> Iterator[str]:
    """A database of the test's own on the server: it will be taken away."""
    if not SERVER:
        pytest.skip(
            "TRE_TEST_POSTGRES_URL names no PostgreSQL to test with; `make test` starts one where it may"
        )
    with database_of_its_own(SERVER) as url:
        yield url


def test_one_worker_on_a_file_ends_every_job_once_and_as_on_a_calm_night(tmp_path: Path) -> None:
    suffered, rested = torture(tmp_path, Torture(JOBS, names=("worker",), night=SHORT))
    assert what_is_wrong(suffered, rested, JOBS) == []
    assert suffered.suffered["kills"] >= 4


def test_four_workers_on_a_server_end_every_job_once_and_as_on_a_calm_night(
    tmp_path: Path, database: str
) -> None:
    names = ("one", "two", "three", "four")
    suffered, rested = torture(tmp_path, Torture(JOBS, names=names, ledger=database, night=SHORT))
    assert what_is_wrong(suffered, rested, JOBS) == []
    assert suffered.suffered["kills"] >= 4


@pytest.mark.parametrize("step", [-900, 900])
def test_a_played_box_ends_when_its_time_has_passed_however_the_clock_is_set(
    tmp_path: Path, step: float
) -> None:
    engine, box = played(tmp_path)
    step_clock(tmp_path, step)
    engine.launch(box.job)
    step_clock(tmp_path, 0)
    assert engine.observe(box.job).phase is Phase.STOPPED


def test_a_played_engine_that_is_ended_ends_what_runs_in_it(tmp_path: Path) -> None:
    engine, box = played(tmp_path, seconds=3600)
    engine.launch(box.job)
    with engine_gone(tmp_path):
        pass
    seen = engine.observe(box.job)
    assert (seen.phase, seen.status) == (Phase.STOPPED, Status.FAILED)


def test_what_a_full_disk_does_to_a_played_box_is_the_engines_fault_and_not_the_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, box = played(tmp_path)

    def full(_room: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as disk:
        disk.setattr(stand, "_play", full)
        with pytest.raises(RunnerUnavailable):
            engine.launch(box.job)
    engine.launch(box.job)
    assert engine.observe(box.job).exit_code == 3


def played(site: Path, seconds: float = 0.0) -> tuple[Played, Box]:
    """A played engine of a site, and a box in it that is prepared and whose program takes so long."""
    engine = Played(site, site / "work" / "worker" / "boxes")
    code = site / "analysis"
    code.mkdir()
    (code / "boom.py").write_text(f"# takes {seconds}\n")
    box = Box(
        "box-1", IMAGES["python"], ("python3", "analysis/boom.py"), (Input(code, "/workspace/analysis"),)
    )
    engine.prepare(box)
    return engine, box


def test_a_review_that_was_cut_short_goes_on_where_it_stands(tmp_path: Path) -> None:
    site = tmp_path / "site"
    submit(site, begin(site), 1, 0)
    opening = Opening(site, hands(site))
    worker, house = opening._worker("worker"), hands(site).wiring().open_house(site)
    worker.run_until_idle()
    (request,) = house.service.request_ids()
    (offered,) = house.service.request(request).offered
    vote = FileVote(offered.path, offered.digest, Decision.APPROVE, house.documents.put(b"looked at"))
    house.service.vote(By(house.site.person(CHECKERS[0]), hands_now(house)), request, (vote,))
    review(house)
    assert house.service.request(request).stage is RequestStage.SIGNED_OFF
    worker.close()
    opening._seals.ledger.close()
    house.service.ledger.close()
