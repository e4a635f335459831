"""A bad night, small: what it must not change is not changed [P13]. `make torture` is the same with a thousand jobs."""

import os
from pathlib import Path

import pytest

from tests.torture.__main__ import SHORT, database_of_its_own
from tests.torture.chaos import torture, what_is_wrong

SERVER = os.environ.get("TRE_TEST_POSTGRES_URL", "")
JOBS = 7

pytestmark = pytest.mark.slow


@pytest.fixture
def database():
    """A database of the test's own on the server: it will be taken away."""
    if not SERVER:
        pytest.skip(
            "TRE_TEST_POSTGRES_URL names no PostgreSQL to test with; `make test` starts one where it may"
        )
    with database_of_its_own(SERVER) as url:
        yield url


def test_one_worker_on_a_file_ends_every_job_once_and_as_on_a_calm_night(tmp_path: Path) -> None:
    suffered, rested = torture(tmp_path, jobs=JOBS, names=("worker",), night=SHORT)
    assert what_is_wrong(suffered, rested, JOBS) == []
    assert suffered.suffered["kills"] >= 4


def test_four_workers_on_a_server_end_every_job_once_and_as_on_a_calm_night(
    tmp_path: Path, database: str
) -> None:
    names = ("one", "two", "three", "four")
    suffered, rested = torture(tmp_path, jobs=JOBS, names=names, ledger=database, night=SHORT)
    assert what_is_wrong(suffered, rested, JOBS) == []
    assert suffered.suffered["kills"] >= 4
