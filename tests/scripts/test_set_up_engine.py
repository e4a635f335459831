"""Set-up starts an engine when none answers, never a second one, and ends only what it started.

The engine here is a small program that answers a ping on a socket of its own: no real engine is touched.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from scripts import engine as room
from scripts.daemons import began
from scripts.engine import Answer, Engine, ensure, ping, program_of, start, stop
from scripts.steps import Stop

# A daemon is meant to outlive the command that started it; Python warns of every child that does.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

ANSWERING = """
    import os, socket, sys
    listener = socket.socket(socket.AF_UNIX)
    listener.bind({socket!r})
    listener.listen()
    open({pid!r}, "w").write(str(os.getpid()))
    print("ready", flush=True)
    while True:
        line, _ = listener.accept()
        line.recv(1024)
        line.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\nOK")
        line.close()
"""
ENDING = "print('no kernel for me', flush=True); raise SystemExit(3)"
SILENT = "import time; time.sleep(60)"


@pytest.fixture(autouse=True)
def _a_machine_without_a_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SYSTEMD", Path("/nowhere"))
    monkeypatch.setattr(room, "cgroups_mounted", lambda: True)
    monkeypatch.setattr(room, "engine_needs", tuple)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    socket = tmp_path / "engine.sock"
    made = Engine(
        address=f"unix://{socket}",
        record=tmp_path / "engine",
        program=str(tmp_path / "enginedaemon"),
        engine_pid=tmp_path / "engine.pid",
        start_seconds=10,
    )
    program(made, ANSWERING.format(socket=str(socket), pid=str(made.engine_pid)))
    yield made
    stop(made)


def program(engine: Engine, source: str) -> None:
    path = Path(engine.program)
    path.write_text(f"#!{sys.executable}\n{dedent(source)}", encoding="utf-8")
    path.chmod(0o755)


def test_one_is_started_when_none_answers_and_is_used_the_second_time(engine: Engine, tmp_path: Path) -> None:
    assert ping(engine.address) is Answer.SILENT
    ensure(engine, tmp_path)
    assert ping(engine.address) is Answer.YES
    first = engine.started.read_text()
    ensure(engine, tmp_path)
    assert engine.started.read_text() == first
    assert "ready" in engine.log.read_text()


def test_an_engine_that_somebody_else_runs_is_used_and_left_alone(engine: Engine, tmp_path: Path) -> None:
    with subprocess.Popen([engine.program], stdout=subprocess.DEVNULL) as theirs:
        try:
            room.await_answer(engine, None)
            ensure(engine, tmp_path)
            assert not engine.started.exists()
            assert not stop(engine)
            assert theirs.poll() is None
        finally:
            theirs.terminate()


def test_an_engine_that_ends_at_once_is_told_of_with_its_last_words(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(engine, ENDING)
    with pytest.raises(Stop, match="did not answer"):
        ensure(engine, tmp_path)
    assert "no kernel for me" in capsys.readouterr().out


def test_an_engine_that_stays_silent_is_waited_for_no_longer_than_said_and_ended(
    engine: Engine, tmp_path: Path
) -> None:
    program(engine, SILENT)
    impatient = Engine(engine.address, engine.record, engine.program, engine.engine_pid, start_seconds=0.5)
    before = time.monotonic()
    with pytest.raises(Stop):
        start(impatient, tmp_path)
    assert time.monotonic() - before < 8
    assert not impatient.started.exists()


def test_a_pid_file_left_by_a_crash_does_not_keep_an_engine_from_starting(
    engine: Engine, tmp_path: Path
) -> None:
    engine.engine_pid.write_text(str(os.getpid()))  # alive, and no engine
    ensure(engine, tmp_path)
    assert ping(engine.address) is Answer.YES


def test_a_process_id_that_was_used_again_is_not_ended(engine: Engine) -> None:
    engine.record.mkdir()
    with subprocess.Popen([sys.executable, "-c", SILENT]) as stranger:
        try:
            engine.started.write_text(f"{stranger.pid} {int(began(stranger.pid)) - 1}\n")
            assert not stop(engine)
            assert stranger.poll() is None
        finally:
            stranger.send_signal(signal.SIGKILL)


def test_an_account_that_is_not_root_is_told_what_to_run(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Stop) as told:
        ensure(engine, tmp_path)
    assert told.value.command.startswith("sudo ")
    assert not engine.started.exists()


def test_an_engine_this_account_may_not_speak_to_is_not_replaced(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ping", lambda _address: Answer.FORBIDDEN)
    with pytest.raises(Stop, match="may not speak to it"):
        ensure(engine, tmp_path)
    assert not engine.started.exists()


def test_a_daemon_that_has_ended_and_was_not_waited_for_does_not_stop_a_start() -> None:
    ended = subprocess.Popen(("true",))
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert program_of(ended.pid) == ""
    ended.wait()
    assert program_of(os.getpid()) != ""
