"""Bad input gets a clear error and loses nothing."""

import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

import job_specs
from tre.cli.exits import Exit

STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"


def refuse(desk, folder: Path, *, words: tuple[str, ...], ends: Exit = Exit.SPEC) -> None:
    study = desk.approved()
    before = desk.tre("ledger", "log")
    desk.tre("--as", "ada", "job", "submit", str(folder), "--study", study, ends=ends)
    for word in words:
        assert word in desk.said
    assert desk.tre("ledger", "log") == before, "a refused submission leaves the ledger as it was"


def test_a_truncated_spec_is_located(desk, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(STUDY, folder)
    spec = (folder / "project.yaml").read_text()
    (folder / "project.yaml").write_text(spec[: spec.index("statistic: frequencies") + 7])
    refuse(desk, folder, words=("project.yaml:", "fix"))


def test_an_unknown_key_is_named_with_the_nearest(desk, changed_study) -> None:
    folder = changed_study("needs: [cohort]", "need: [cohort]")
    refuse(desk, folder, words=("need", "needs"))


def test_a_dependency_cycle_is_named_link_by_link(desk, changed_study) -> None:
    folder = changed_study(
        "    sql: analysis/cohort.sql", "    needs: [describe]\n    sql: analysis/cohort.sql"
    )
    refuse(desk, folder, words=("cohort", "describe"))


def test_a_missing_file_is_named(desk, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(STUDY, folder)
    (folder / "analysis" / "cohort.sql").unlink()
    refuse(desk, folder, words=("study-file", "analysis/cohort.sql"))


def test_a_link_in_the_study_is_refused(desk, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(STUDY, folder)
    (folder / "analysis" / "passwd").symlink_to("/etc/passwd")
    refuse(desk, folder, words=("study-file-refused",))


def test_a_folder_that_is_not_there(desk, tmp_path: Path) -> None:
    refuse(desk, tmp_path / "nowhere", words=("study-missing",))


def test_a_store_that_is_not_there_makes_a_job_wait_and_say_why(empty_site) -> None:
    request = empty_site.submitted()
    assert [waiting["why"] for waiting in empty_site.work()] == ["opt-outs-stale"]
    assert empty_site.stage(request) == "submitted"


def test_a_stale_opt_out_list_makes_a_job_wait_and_say_why(desk) -> None:
    """[P6]"""
    desk.submitted()
    desk.ahead = timedelta(days=40)
    assert [waiting["why"] for waiting in desk.work()] == ["opt-outs-stale"]


def test_a_site_that_is_not_there(desk, tmp_path: Path) -> None:
    desk.site = tmp_path / "nowhere"
    desk.tre("study", "list", ends=Exit.SITE)
    assert "tre init" in desk.said


def test_a_second_worker_on_the_same_ledger_is_refused(desk) -> None:
    first = desk.started("worker", "run")
    try:
        wait_for(lambda: (desk.site / "worker.lock").exists() and (desk.site / "worker.lock").read_text())
        desk.tre("worker", "run", "--until-idle", ends=Exit.BUSY)
        assert str(first.pid) in desk.said
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)
    assert first.returncode == Exit.INTERRUPTED


@pytest.mark.engine
def test_ctrl_c_at_any_moment_loses_nothing(desk) -> None:
    request = desk.submitted()
    for seconds in (1.5, 3.0, 4.5):
        worker = desk.started("worker", "run", "--until-idle")
        time.sleep(seconds)
        worker.send_signal(signal.SIGINT)
        worker.communicate(timeout=60)
        # A signal that comes before the command's first line ends Python itself; nothing had begun.
        assert worker.returncode in {Exit.INTERRUPTED, Exit.OK, -signal.SIGINT}
    assert desk.work() == []
    assert desk.stage(request) == "checked"


def wait_for(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def test_help_is_quick_and_needs_no_site(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tre.main", "--help"], cwd=tmp_path, capture_output=True, check=True
    )
    assert b"study" in done.stdout
