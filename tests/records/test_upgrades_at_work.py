"""A newer version is started beside an older one while jobs run: both work, nothing stops, nothing is done twice [P13].

Real processes on a real server. On a file one worker works at a time, and `test_upgrades` upgrades it under one that does.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from tests.records.versions import VERSIONS
from tests.torture.__main__ import database_of_its_own
from tests.torture.chaos import ENDS
from tests.torture.stand import begin, submit
from tre.cli.exits import Exit
from tre.custody.requests import RequestStage
from tre.records import beside
from tre.records.claims import Claims
from tre.records.database import reading
from tre.records.ledger import Ledger

SERVER = os.environ.get("TRE_TEST_POSTGRES_URL", "")
JOBS, PATIENCE = 6, 240
ENDED = {RequestStage.CHECKED, RequestStage.FAILED}

pytestmark = pytest.mark.slow


class Site:
    """A site at work: its ledger, looked at from outside, and the workers that were started on it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.study = folder, begin(folder, ledger=url, lease=30)
        self.ledger = Ledger.open(url)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.submitted = 0

    def submit(self, jobs: int) -> None:
        """Hand in jobs that nobody has handed in before: each takes a little longer."""
        submit(self.folder, self.study, jobs, 0.1 + self.submitted / 10_000)
        self.submitted += jobs

    def start(self, name: str, version: str) -> None:
        command = [sys.executable, "-m", "tests.records.versions", str(self.folder), name, version]
        with (self.folder.parent / f"{name}.log").open("wb") as log:
            self.workers[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def end(self, name: str) -> int:
        """Tell a worker to stop; with what it ended."""
        self.workers[name].send_signal(signal.SIGTERM)
        return self.workers[name].wait(PATIENCE)

    def said(self, name: str) -> str:
        return (self.folder.parent / f"{name}.log").read_text(encoding="utf-8")

    def claimed(self) -> Counter[str]:
        """How many actions each worker has taken on."""
        claims = Claims.__new__(Claims)
        claims._engine = self.ledger.engine
        every = (claims.of(request).values() for request in self.ledger.case_ids("request"))
        return Counter(claim.worker for each in every for claim in each)

    def stages(self) -> list[RequestStage]:
        return [self.ledger.case("request", each)[0].stage for each in self.ledger.case_ids("request")]  # type: ignore[union-attr]

    def close(self) -> None:
        for each in self.workers.values():
            each.kill()
            each.wait()
        self.ledger.close()

    def wait(self, until: Callable[[], bool]) -> None:
        began = time.monotonic()
        while not until():
            gone = [name for name, each in self.workers.items() if each.poll() is not None]
            assert not gone, f"{gone} ended: {[self.said(name)[-2000:] for name in gone]}"
            assert time.monotonic() - began < PATIENCE, (self.stages(), self.claimed())
            time.sleep(0.05)

    def tables(self) -> set[str]:
        with reading(self.ledger.engine) as connection:
            return set(inspect(connection).get_table_names())


@pytest.fixture
def server() -> Iterator[str]:
    if not SERVER:
        pytest.skip("TRE_TEST_POSTGRES_URL names no PostgreSQL; `make test` starts one where it may")
    with database_of_its_own(SERVER) as url:
        yield url


def test_an_older_and_a_newer_version_work_side_by_side_while_jobs_run(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path / "site", server)
    before = site.tables()
    try:
        site.start("older", "today")
        site.submit(JOBS)
        site.wait(lambda: site.claimed()["older"] > 0)
        site.start("newer", "next")
        site.wait(lambda: site.tables() > before)
        monkeypatch.setattr(beside, "STEPS", tuple(VERSIONS["next"]))
        done = site.claimed()["older"]
        while not (site.claimed()["newer"] and site.claimed()["older"] > done):
            site.submit(JOBS)
            site.wait(lambda: sum(stage not in ENDED for stage in site.stages()) <= 1)
        site.wait(lambda: set(site.stages()) <= ENDED)
        assert site.end("older") == site.end("newer") == Exit.INTERRUPTED
        assert_each_action_ended_once(site)
        assert_an_older_one_does_not_begin(site)
    finally:
        site.close()


def assert_each_action_ended_once(site: Site) -> None:
    events = [*site.ledger.events()]
    ends = [(each.case_id, each.event.action) for each in events if each.kind in ENDS]  # type: ignore[union-attr]
    assert len(ends) == len(set(ends))
    assert len(site.stages()) == site.submitted
    assert site.ledger.verify().position == len(events)


def assert_an_older_one_does_not_begin(site: Site) -> None:
    """Who runs goes on; who begins anew on an older version is told why not."""
    site.start("late", "today")
    assert site.workers["late"].wait(PATIENCE) not in {0, Exit.INTERRUPTED}
    assert "layout-newer" in site.said("late")
