"""Two processes want the same case; a process is killed in the middle of its appends. The ledger holds."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.records.examples import STUDY, tell
from tre.records.ledger import Ledger

REPOSITORY = Path(__file__).parents[2]


def start(path: Path, what: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.records.writer", f"sqlite:///{path}", what],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_of_two_processes_that_decided_on_the_same_case_exactly_one_wins(ledger: Ledger, path: Path) -> None:
    tell(ledger, "application", "waning", STUDY)
    racers = [start(path, "race") for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdin is not None
        assert racer.stdout.readline() == b"ready\n"
    answers = []
    for racer in racers:
        racer.stdin.write(b"go\n")  # type: ignore[union-attr]
        racer.stdin.flush()  # type: ignore[union-attr]
    for racer in racers:
        out, _ = racer.communicate(timeout=60)
        answers.append(out.decode().splitlines())
    rounds = [*zip(*answers, strict=True)]
    assert len(rounds) == 20
    assert all(sorted(answer) == ["moved", "won"] for answer in rounds)
    assert ledger.verify().position == len(STUDY) + 20


@pytest.mark.usefixtures("ledger")
def test_a_writer_that_is_killed_at_any_moment_leaves_a_ledger_that_verifies(path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - when to kill, not what to hide
    said = 0
    for _ in range(8):
        writer = start(path, "forever")
        assert writer.stdout is not None
        with writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.005, 0.08))
            writer.send_signal(signal.SIGKILL)
            said += len(writer.stdout.read().splitlines())
        survivor = Ledger.open(f"sqlite:///{path}")
        verified = survivor.verify()
        survivor.close()
        assert verified.position >= 2 * said, "what was said to be kept was lost"
        assert verified.position % 2 == 0, "half of an append was kept"
    assert said > 0, "no writer ever got as far as an append"


@pytest.mark.parametrize("garbage", [b"", b"\0" * 32, b"x" * 5000])
def test_a_torn_write_ahead_log_loses_no_more_than_what_was_never_kept(
    ledger: Ledger, path: Path, garbage: bytes
) -> None:
    tell(ledger, "application", "waning", STUDY)
    log = path.with_name(f"{path.name}-wal")
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(log.read_bytes() + garbage)
    survivor = Ledger.open(f"sqlite:///{copy}")
    assert survivor.verify().hash == ledger.head().hash
    survivor.close()
