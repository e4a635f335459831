"""Says what each step of set-up does and how long it took. Refuses to go on after a step that failed, or to hide why it did."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
LINES_SHOWN = 15


class Stop(Exception):
    """Set-up cannot go on by itself: a sentence, and the exact command that a person must run."""

    def __init__(self, sentence: str, command: str) -> None:
        self.sentence = sentence
        self.command = command
        super().__init__(f"{sentence}\n  Run this, then try again:\n\n    {command}\n")


def say(sentence: str) -> None:
    """Print one line at once, so that a person watching sees what is being waited for."""
    print(f"[set-up] {sentence}", flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step, and its seconds once it is done; a step that raises is not reported as done."""
    say(f"{what} ...")
    began = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - began:.1f} s")


def run(command: Sequence[str], *, log: Path, seconds: int, extra: Mapping[str, str] | None = None) -> None:
    """Run a command to its end with its output in ``log``.

    Raises:
        Stop: when it fails or takes longer than ``seconds``; the log's last lines are printed first.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        try:
            status = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                env=environment(extra),
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            status = None
    if status != 0:
        print(tail(log), flush=True)
        how = f"took longer than {seconds} s" if status is None else f"failed with status {status}"
        raise Stop(f"`{' '.join(command)}` {how}. Its whole output is in {log}.", " ".join(command))


def run_aloud(command: Sequence[str]) -> None:
    """Run a command that reports its own progress, with its output where ours goes.

    Raises:
        Stop: when it fails; what it printed says why.
    """
    status = subprocess.run(command, stdin=subprocess.DEVNULL, env=environment(), check=False).returncode
    if status != 0:
        raise Stop(f"`{' '.join(command)}` failed with status {status}: see above.", " ".join(command))


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with the system folders on its path, which a plain `su` leaves out."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {**os.environ, "PATH": f"{path}:{SYSTEM_FOLDERS}", **(extra or {})}


def tail(log: Path) -> str:
    """The last lines of a log, for a person."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-LINES_SHOWN:])
