"""[P1] However a program ends, we say what happened in our own words, and nothing of it goes on. Cases 29-39."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandboxes.model import Phase, Status
from tests.hostile.two_sides import PROGRAMS, SMALL, wait

pytestmark = [pytest.mark.engine, pytest.mark.hostile]


@pytest.mark.parametrize("code", [125, 126, 127, 137, 139, 257])
def test_an_exit_code_is_the_programs_word_and_changes_nothing_but_failed(code, walled):
    ended = walled("end", str(code))
    assert ended.status is Status.FAILED
    assert ended.exit_code == code % 256


def test_a_plain_engine_lets_a_program_pass_for_a_fault_of_the_engine(plain):
    """`docker run` answers 125 when the engine itself failed; here the program says it."""
    assert plain("end", "125").exit_code == 125


@pytest.mark.parametrize(("how", "code"), [("segfault", 139), ("killed", 137), ("abort", 134)])
def test_a_program_that_ends_by_a_signal_has_failed_not_run_out(how, code, walled):
    ended = walled("end", how)
    assert (ended.status, ended.exit_code) == (Status.FAILED, code)


def test_a_plain_first_process_can_ignore_its_own_segmentation_fault(plain):
    assert plain("end", "segfault").exit_code == 0


def test_a_program_that_ends_well_without_its_output_is_refused_with_what_it_wrote_instead(walled):
    ended = walled("end", "well", patterns=("table.csv",))
    assert ended.status is Status.OUTPUT_REFUSED
    assert ended.receipt.refused == (
        "table.csv: it was declared as an output, but the program did not write it",
    )
    assert ended.receipt.undeclared == ("other.csv",)


def test_a_program_that_fails_leaves_no_outputs(walled):
    ended = walled("outlive", "/nowhere", patterns=("*.csv",))
    assert ended.status is Status.FAILED
    assert ended.receipt.collected == ()


def test_signals_reach_nothing_outside(walled):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        walled("kill_all")
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_daemon_outlives_a_program_on_a_bare_host(tmp_path):
    """The attack is real: without a process namespace it goes on writing."""
    subprocess.run([sys.executable, str(PROGRAMS / "outlive.py"), str(tmp_path)], check=True, timeout=20)
    size = (tmp_path / "counter.csv").stat().st_size
    assert wait(lambda: (tmp_path / "counter.csv").stat().st_size > size, seconds=3)


def test_nothing_writes_after_a_program_has_ended(walled):
    runner, box = walled.runner(), walled.box("outlive", "/out")
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.STOPPED, seconds=10)
    first = runner.collect(box.job, ("*.csv",), walled.folder / "first")
    time.sleep(0.5)
    second = runner.collect(box.job, ("*.csv",), walled.folder / "second")
    runner.discard(box.job)
    assert [one.path for one in first.collected] == ["counter.csv", "mapped.csv"]
    assert [one.sha256 for one in first.collected] == [one.sha256 for one in second.collected]


KILLED_MIDWAY = """
import sys
from pathlib import Path
from sandboxes.docker import DockerRunner
from sandboxes.model import Box, Input, Limits
from sandboxes.runner import run

state, image, programs = sys.argv[1:]
box = Box("hostile-orphan", image, ("python3", "/code/linger.py", "ignore_signals"),
          (Input(Path(programs), "/code"),), limits=Limits(wall_seconds=60, memory_bytes=64 << 20))
run(DockerRunner(state_dir=Path(state)), box, (), Path(state) / "kept")
"""


def test_a_box_whose_runner_was_killed_is_found_and_ended_by_the_next(image, walled):
    state = walled.folder / "state"
    argv = [sys.executable, "-c", KILLED_MIDWAY, str(state), image, str(PROGRAMS)]
    worker = subprocess.Popen(argv, cwd=Path(__file__).parents[2])
    try:
        runner = walled.runner()
        assert wait(lambda: runner.observe("hostile-orphan").phase is Phase.RUNNING, seconds=15)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert runner.observe("hostile-orphan").phase is Phase.RUNNING
    assert runner.sweep() == ("hostile-orphan",)
    assert runner.observe("hostile-orphan").phase is Phase.ABSENT


def test_a_runner_still_serves_an_honest_program_after_all_that(walled):
    for _ in range(2):
        assert walled("end", "0").status is Status.OK
    assert walled("end", "0").seconds < SMALL.wall_seconds
