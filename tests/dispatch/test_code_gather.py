"""A study's code is a stranger's folder: gathered by bytes, never followed, always bounded."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_specs.model import RunBody
from tre.dispatch import code as code_room
from tre.dispatch.actions import command, matches
from tre.dispatch.code import Code, fetch, gather, keep, lay_out
from tre.dispatch.errors import DispatchError


def study(folder: Path) -> Path:
    (folder / "analysis").mkdir(parents=True)
    (folder / "project.yaml").write_text("version: 5\n")
    (folder / "analysis" / "a.py").write_text("print(1)\n")
    return folder


def test_plain_files_come_with_their_bytes(tmp_path: Path) -> None:
    assert dict(gather(study(tmp_path)).files) == {
        "analysis/a.py": b"print(1)\n",
        "project.yaml": b"version: 5\n",
    }


def test_outputs_caches_and_hidden_folders_are_left_behind(tmp_path: Path) -> None:
    folder = study(tmp_path)
    for name in ("output", ".git", "__pycache__", "analysis/__pycache__"):
        (folder / name).mkdir()
        (folder / name / "x.csv").write_text("1")
    assert set(gather(folder).files) == {"analysis/a.py", "project.yaml"}


@pytest.mark.parametrize("make", ["link", "folder link", "pipe", "newline"])
def test_what_is_not_a_plain_file_with_a_plain_name_is_refused(tmp_path: Path, make: str) -> None:
    folder = study(tmp_path)
    makers = {
        "link": lambda: (folder / "x").symlink_to("/etc/passwd"),
        "folder link": lambda: (folder / "x").symlink_to("/etc"),
        "pipe": lambda: os.mkfifo(folder / "x"),
        "newline": lambda: (folder / "a\nb").write_text("1"),
    }
    makers[make]()
    with pytest.raises(DispatchError) as refused:
        gather(folder)
    assert refused.value.code == "study-file-refused"
    assert "\n" not in refused.value.where


def test_more_than_a_study_needs_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(code_room, "MOST_BYTES", 10)
    with pytest.raises(DispatchError) as refused:
        gather(study(tmp_path))
    assert refused.value.code == "study-too-big"


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.py", fullmatch=True), st.binary(max_size=20), max_size=5))
def test_what_is_kept_comes_back_the_same(files: dict[str, bytes]) -> None:
    shelf: dict[str, bytes] = {}

    def put(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        shelf[digest] = content
        return digest

    assert fetch(keep(Code(files), put), shelf.__getitem__) == Code(files)


def test_code_is_laid_out_read_only_and_twice_is_once(tmp_path: Path) -> None:
    code = gather(study(tmp_path / "study"))
    for _ in range(2):
        lay_out(code, tmp_path / "laid")
    laid = tmp_path / "laid" / "analysis" / "a.py"
    assert laid.read_bytes() == b"print(1)\n"
    assert laid.stat().st_mode & 0o222 == 0


def test_a_file_that_is_not_whole_is_laid_out_anew_and_one_that_is_stays_as_it_is(tmp_path: Path) -> None:
    """A worker died while it wrote: half a program may run well, and count something else."""
    code, laid = gather(study(tmp_path / "study")), tmp_path / "laid"
    lay_out(code, laid)
    torn, whole = laid / "analysis" / "a.py", laid / "project.yaml"
    torn.chmod(0o644)
    torn.write_bytes(b"print(")
    untouched = whole.stat()
    lay_out(code, laid)
    assert torn.read_bytes() == b"print(1)\n"
    assert (whole.stat().st_ino, whole.stat().st_mtime_ns) == (untouched.st_ino, untouched.st_mtime_ns)
    assert sorted(each.name for each in laid.rglob("*")) == ["a.py", "analysis", "project.yaml"]


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a.csv", "*.csv", True),
        ("sub/a.csv", "*.csv", False),
        ("sub/a.csv", "sub/*.csv", True),
        ("sub/deep/a.csv", "sub/*.csv", False),
        ("A.csv", "a.csv", False),
    ],
)
def test_a_star_stays_within_one_part_of_a_path(path: str, pattern: str, fits) -> None:
    assert matches(path, pattern) is fits


def test_a_script_is_given_to_its_interpreter_and_a_program_is_itself() -> None:
    assert command(RunBody("python:v2", ("analysis/a.py", "--x"))) == ("python3", "analysis/a.py", "--x")
    assert command(RunBody("python:v2", ("python", "-V"))) == ("python", "-V")
