"""Set-up installs what is missing only where it may, says the exact command where it may not, and hides no failure."""

import os
from pathlib import Path

import pytest

from scripts import environment, machine
from scripts.machine import Need, install
from scripts.steps import Stop, run

PRESENT = Need("python3", "is here", met=True)
MISSING = Need("tiny-package", "is wanted", met=False)


def test_nothing_is_installed_where_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "run", lambda *_a, **_k: pytest.fail("ran something"))
    install((PRESENT,), tmp_path)


@pytest.mark.parametrize(("account", "debian"), [(1000, True), (0, False)])
def test_a_person_is_told_the_exact_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: int, debian: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: account)
    monkeypatch.setattr(machine, "found", lambda _program: debian)
    with pytest.raises(Stop) as told:
        install((PRESENT, MISSING), tmp_path)
    assert told.value.command.endswith("install --yes --no-install-recommends tiny-package")


def test_root_on_debian_gets_what_is_missing_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "found", lambda _program: True)
    monkeypatch.setattr(machine, "run", lambda command, **_kwargs: ran.append(tuple(command)))
    install((PRESENT, MISSING), tmp_path)
    assert ran[0] == ("apt-get", "update")
    assert ran[1][-1] == "tiny-package"
    assert "python3" not in ran[1]


@pytest.mark.parametrize(("script", "said"), [("exit 4", "status 4"), ("sleep 5", "longer than 1 s")])
def test_a_step_that_fails_shows_its_last_words_and_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], script: str, said: str
) -> None:
    with pytest.raises(Stop, match=said):
        run(("sh", "-c", f"echo about to; {script}"), log=tmp_path / "step.log", seconds=1)
    assert "about to" in capsys.readouterr().out


def repository(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir(parents=True)
    (tmp_path / environment.LOCK).write_text("locked==1", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]", encoding="utf-8")
    return tmp_path


def test_the_environment_is_filled_once_and_again_when_the_lock_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = repository(tmp_path / "clone")
    (clone / ".venv").mkdir()
    filled: list[Path] = []
    monkeypatch.setattr(environment, "works", lambda _venv: True)
    monkeypatch.setattr(environment, "fill", lambda _clone, venv, _logs: filled.append(venv))
    for lock in ("locked==1", "locked==1", "locked==2"):
        (clone / environment.LOCK).write_text(lock, encoding="utf-8")
        environment.ensure(clone, tmp_path)
    assert filled == [clone / ".venv"] * 2


def test_a_clone_that_was_moved_is_another_environment(tmp_path: Path) -> None:
    assert environment.fingerprint(repository(tmp_path / "a")) != environment.fingerprint(
        repository(tmp_path / "b")
    )
