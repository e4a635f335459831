"""Set-up makes a PostgreSQL when none answers, uses the one that does, and ends and removes only what it made.

The server here is three small programs in the place of PostgreSQL's: no database is touched.
"""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from scripts import postgres as room
from scripts.daemons import began
from scripts.machine import Need
from scripts.postgres import Postgres, answers, ensure, of_clone, start, stop
from scripts.steps import Stop

# A server is meant to outlive the command that started it; Python warns of every child that does.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

INITDB = """
    import os, sys
    (data,) = (word.partition("=")[2] for word in sys.argv if word.startswith("--pgdata="))
    os.mkdir(data)
    open(data + "/initdb", "w").write(" ".join(sys.argv[1:]))
"""
SERVING = """
    import os, sys, time
    data = sys.argv[sys.argv.index("-D") + 1]
    open(data + "/server", "w").write(" ".join(sys.argv[1:]))
    print("ready", flush=True)
    time.sleep(60)
"""
ENDING = "print('no memory for me', flush=True); raise SystemExit(3)"
SILENT = "import time; time.sleep(60)"
PG_ISREADY = """
    import os, sys
    (host,) = (word.partition("=")[2] for word in sys.argv if word.startswith("--host="))
    raise SystemExit(not os.path.exists(host + "/data/server"))
"""


@pytest.fixture
def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    monkeypatch.setattr(room, "as_account", tuple)
    monkeypatch.setattr(room, "postgres_needs", tuple)
    monkeypatch.setattr(room, "may_install", lambda: False)
    made = Postgres(tmp_path / "cluster", tmp_path / "record", tmp_path / "programs", start_seconds=10)
    for name, source in (("initdb", INITDB), ("postgres", SERVING), ("pg_isready", PG_ISREADY)):
        program(made, name, source)
    yield made
    stop(made)


def program(postgres: Postgres, name: str, source: str) -> None:
    path = Path(postgres.program(name))
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{dedent(source)}", encoding="utf-8")
    path.chmod(0o755)


def test_one_is_made_when_none_answers_and_is_used_the_second_time(
    postgres: Postgres, tmp_path: Path
) -> None:
    assert not answers(postgres)
    ensure(postgres, tmp_path)
    assert answers(postgres)
    first = postgres.started.read_text()
    ensure(postgres, tmp_path)
    assert postgres.started.read_text() == first
    assert postgres.url_file.read_text() == postgres.url
    assert "ready" in postgres.log.read_text()


def test_it_listens_on_a_socket_in_a_folder_that_others_may_not_enter(
    postgres: Postgres, tmp_path: Path
) -> None:
    ensure(postgres, tmp_path)
    told = (postgres.folder / "data" / "server").read_text()
    assert "-c listen_addresses= " in told
    assert f"-k {postgres.folder}" in told
    assert stat.S_IMODE(postgres.folder.stat().st_mode) == 0o700
    assert postgres.folder.stat().st_uid == room.server_account().pw_uid


def test_the_end_of_it_leaves_nothing(postgres: Postgres, tmp_path: Path) -> None:
    ensure(postgres, tmp_path)
    assert stop(postgres)
    assert not postgres.folder.exists()
    assert not postgres.url_file.exists()
    assert not stop(postgres)


def test_one_that_ended_by_itself_is_made_anew(postgres: Postgres, tmp_path: Path) -> None:
    ensure(postgres, tmp_path)
    left = postgres.folder / "data" / "left.over"
    left.touch()
    (postgres.folder / "data" / "server").unlink()
    before = postgres.started.read_text()
    ensure(postgres, tmp_path)
    assert postgres.started.read_text() != before
    assert not left.exists()


@pytest.mark.parametrize(("source", "seconds"), [(ENDING, 10), (SILENT, 0.5)])
def test_one_that_does_not_answer_is_told_of_and_nothing_is_left(
    postgres: Postgres, tmp_path: Path, source: str, seconds: float
) -> None:
    program(postgres, "postgres", source)
    impatient = Postgres(postgres.folder, postgres.record, postgres.programs, start_seconds=seconds)
    before = time.monotonic()
    with pytest.raises(Stop, match="did not answer"):
        ensure(impatient, tmp_path)
    assert time.monotonic() - before < 8
    assert not impatient.started.exists()
    assert not impatient.url_file.exists(), "make test would be given the URL of nothing"


def test_its_last_words_are_shown(
    postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(postgres, "postgres", ENDING)
    with pytest.raises(Stop):
        ensure(postgres, tmp_path)
    assert "no memory for me" in capsys.readouterr().out


def test_a_process_id_that_was_used_again_is_not_ended(postgres: Postgres) -> None:
    postgres.record.mkdir()
    with subprocess.Popen([sys.executable, "-c", SILENT]) as stranger:
        try:
            postgres.started.write_text(f"{stranger.pid} {int(began(stranger.pid)) - 1}\n")
            assert not stop(postgres)
            assert stranger.poll() is None
        finally:
            stranger.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_somebody_else_put_in_its_place_is_not_touched(
    postgres: Postgres, tmp_path: Path, kind: str
) -> None:
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "kept").touch()
    if kind == "link":
        postgres.folder.symlink_to(treasure)
    else:
        postgres.folder.touch()
    with pytest.raises(Stop, match="another account put it there"):
        start(postgres, tmp_path)
    assert (treasure / "kept").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can put a folder there in another account's name")
def test_a_folder_of_another_account_is_not_used(postgres: Postgres, tmp_path: Path) -> None:
    postgres.folder.mkdir()
    os.chown(postgres.folder, 65534, 65534)
    with pytest.raises(Stop, match="another account put it there"):
        start(postgres, tmp_path)


def test_each_clone_has_its_own(tmp_path: Path) -> None:
    folders = {of_clone(tmp_path / name, tmp_path).folder for name in ("a", "b", "a")}
    assert len(folders) == 2
    assert all(len(f"{folder}/.s.PGSQL.5432") < 100 for folder in folders), "too long for a socket"


def test_debians_package_makes_no_cluster_while_we_install_it(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "createcluster.d"
    seen: list[str] = []

    def install(_needs: tuple[Need, ...], _logs: Path) -> None:
        seen.extend(each.read_text() for each in settings.iterdir())

    monkeypatch.setattr(room, "DEBIAN_CLUSTERS", settings)
    monkeypatch.setattr(room, "postgres_programs", lambda: None)
    monkeypatch.setattr(room, "may_install", lambda: True)
    monkeypatch.setattr(room, "install", install)
    ensure(postgres, tmp_path)
    assert seen == ["create_main_cluster = false\n"]
    assert not settings.exists(), "a later installation is the administrator's business"


def test_root_is_told_when_there_is_no_account_to_run_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(room, "ACCOUNT", "nobody-of-that-name")
    with pytest.raises(Stop) as told:
        room.server_account()
    assert told.value.command.startswith("adduser ")
