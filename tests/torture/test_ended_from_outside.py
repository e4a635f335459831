"""A bad night that is ended, or killed, in its midst leaves nothing of itself on the machine that had it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from tests.leftovers import (
    clear_dead_nights,
    mounts_beneath,
    night_folder,
    take_down,
    take_down_dead_sessions,
)

SERVER = os.environ.get("TRE_TEST_POSTGRES_URL", "")
PATIENCE = 300
AWAKE, SHORT_OF_DISK = "every worker is awake", "disk gone"

may_mount = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root mounts the small disks that are looked for"
)


class InItsMidst:
    """A night of a few jobs as a process of its own, all of whose files are in one folder."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self._log = folder, folder.parent / f"{folder.name}.log"
        folder.mkdir()
        command = [sys.executable, "-m", "tests.torture", "--short", "--jobs", "6", "--workers", str(workers)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, "TMPDIR": str(folder)}
            )

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def until(self, words: str) -> None:
        """Wait until it has said so."""
        wait_until(lambda: words in self.said() or self.process.poll() is not None)
        assert words in self.said(), self.said()

    def alive(self) -> list[str]:
        """The commands of the processes that work in its folder."""
        return [command for command in _commands() if str(self.folder) in command]

    def databases(self) -> list[str]:
        """Those that it made on the server and that are there."""
        ledgers = self.folder.glob("*/bad/ledger.url")
        return [str(make_url(ledger.read_text(encoding="utf-8")).database) for ledger in ledgers]


def wait_until(come: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not come() and time.monotonic() < until:
        time.sleep(0.1)


def _commands() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue


def there(database: str) -> bool:
    engine = create_engine(SERVER)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT 1 FROM pg_database WHERE datname = %s", (database,)
        ).first()
    engine.dispose()
    return found is not None


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Callable[[int], InItsMidst]]:
    nights: list[InItsMidst] = []

    def begin(workers: int) -> InItsMidst:
        nights.append(InItsMidst(tmp_path / "tmp", workers))
        return nights[-1]

    yield begin
    for night in nights:
        night.process.kill()
        night.process.wait()
        take_down(night.folder)


@pytest.mark.slow
@may_mount
def test_one_that_is_ended_while_its_disk_is_full_takes_its_disks_and_workers_down(begun) -> None:
    night = begun(1)
    night.until(SHORT_OF_DISK)
    assert mounts_beneath(night.folder)
    assert night.alive()
    night.process.send_signal(signal.SIGTERM)
    # Impatient people press the keys again; tidying up is not ended by it.
    night.process.send_signal(signal.SIGINT)
    assert night.process.wait(PATIENCE) == 1
    assert "taken down" in night.said()
    assert (mounts_beneath(night.folder), list(night.folder.iterdir())) == ([], [])
    wait_until(lambda: not night.alive())
    assert night.alive() == []


@pytest.mark.slow
@pytest.mark.skipif(
    not SERVER, reason="TRE_TEST_POSTGRES_URL names no PostgreSQL to test with; `make test` starts one"
)
def test_one_that_is_ended_takes_its_database_down(begun) -> None:
    night = begun(2)
    night.until(AWAKE)
    (database,) = night.databases()
    assert there(database)
    night.process.send_signal(signal.SIGTERM)
    assert night.process.wait(PATIENCE) == 1
    assert not there(database)
    assert list(night.folder.iterdir()) == []


@pytest.mark.slow
@may_mount
def test_what_one_that_was_killed_has_left_is_cleared_by_the_next(begun) -> None:
    night = begun(1)
    night.until(AWAKE)
    night.process.kill()
    night.process.wait()
    wait_until(lambda: not night.alive())
    assert night.alive() == []
    assert mounts_beneath(night.folder)
    clear_dead_nights(night.folder)
    assert (mounts_beneath(night.folder), list(night.folder.iterdir())) == ([], [])


def test_a_night_that_goes_on_is_not_cleared(tmp_path: Path) -> None:
    mine = tmp_path / f"{night_folder()}abc"
    mine.mkdir()
    clear_dead_nights(tmp_path)
    assert mine.is_dir()


@may_mount
def test_what_a_test_session_that_is_over_left_mounted_is_taken_down_and_a_live_ones_is_not(
    tmp_path: Path,
) -> None:
    sessions = {
        name: tmp_path / "pytest-of-somebody" / name for name in ("pytest-1", "pytest-2", "garbage-3")
    }
    for folder in sessions.values():
        (folder / "out").mkdir(parents=True)
        subprocess.run(("mount", "-t", "tmpfs", "tmpfs", str(folder / "out")), check=True)
    (sessions["pytest-2"] / ".lock").write_text(str(os.getpid()))
    try:
        take_down_dead_sessions(tmp_path)
        assert mounts_beneath(tmp_path) == [sessions["pytest-2"] / "out"]
    finally:
        take_down(tmp_path)
