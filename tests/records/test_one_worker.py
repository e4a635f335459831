"""One worker a ledger on a machine; a second is told who the first is, and a dead one stands in nobody's way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tre.records.errors import WorkerAlreadyRunning
from tre.records.locks import only_worker

HOLD = "import sys, pathlib, tre.records.locks as l\nwith l.only_worker(pathlib.Path(sys.argv[1])):\n print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "worker.lock"


def test_a_second_worker_is_told_who_the_first_is(lock: Path) -> None:
    with only_worker(lock), pytest.raises(WorkerAlreadyRunning) as caught, only_worker(lock):
        pytest.fail("two workers on one ledger")
    assert caught.value.code == "worker-already-running"
    assert f"process {os.getpid()}" in caught.value.sentence
    assert caught.value.fix


def test_the_lock_is_free_when_the_worker_ends_however_it_ends(lock: Path) -> None:
    with pytest.raises(KeyboardInterrupt), only_worker(lock):
        raise KeyboardInterrupt
    with only_worker(lock):
        pass


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_worker_stands_in_nobodys_way(lock: Path, end: signal.Signals) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdout is not None
    with first:
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(WorkerAlreadyRunning, match=str(first.pid)), only_worker(lock):
            pytest.fail("two workers on one ledger")
        first.send_signal(end)
        first.wait()
    with only_worker(lock):
        pass


def test_the_locks_file_is_never_followed_elsewhere(lock: Path, tmp_path: Path) -> None:
    lock.symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"), only_worker(lock):
        pytest.fail("a link was followed")
    assert not (tmp_path / "victim").exists()


def test_a_strange_word_in_the_file_is_not_repeated(lock: Path) -> None:
    with only_worker(lock):
        lock.write_text("<b>rm -rf</b>")
        with pytest.raises(WorkerAlreadyRunning, match="process unknown"), only_worker(lock):
            pytest.fail("two workers on one ledger")
