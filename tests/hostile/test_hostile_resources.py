"""[P1] A program that takes all it can get takes only its own box down. Cases 1-28 of the catalogue."""

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxes.model import BoxRefused, Phase, Status
from tests.hostile.two_sides import SMALL, wait

IN_BOX_TMP, IN_BOX_SHM, IN_BOX_VAR_TMP = "/tmp", "/dev/shm", "/var/tmp"  # noqa: S108 - in the box
pytestmark = [pytest.mark.engine, pytest.mark.hostile]
BRIEF = replace(SMALL, wall_seconds=1)
GRACE_SECONDS = 3


@pytest.mark.parametrize("case", [("fork_bomb", "processes"), ("thread_bomb", "threads")])
def test_a_bomb_of_processes_or_threads_stops_at_the_limit(case, plain, walled):
    program, name = case
    assert plain(program).got() == {name}
    ended = walled(program)
    assert ended.status is Status.OK
    assert int(ended.said[name].removeprefix("STOPPED:")) < SMALL.pids


def test_a_memory_bomb_is_out_of_memory_and_a_neighbour_is_not(plain, walled):
    neighbour = walled.box("spin", "1", "3", "9")
    runner = walled.runner()
    runner.prepare(neighbour)
    runner.launch(neighbour.job)
    assert plain("memory_bomb").got() == {"memory"}
    assert walled("memory_bomb").status is Status.OUT_OF_MEMORY
    assert wait(lambda: runner.observe(neighbour.job).phase is Phase.STOPPED, seconds=10)
    assert runner.observe(neighbour.job).status is Status.OK
    runner.discard(neighbour.job)


def test_a_killed_child_is_told_although_its_parent_ended_well(plain, walled):
    assert plain("memory_bomb", "child").got() == {"memory", "child"}
    ended = walled("memory_bomb", "child")
    assert (ended.exit_code, ended.status) == (0, Status.OUT_OF_MEMORY)


@pytest.mark.parametrize("folder", ["/out", IN_BOX_TMP])
def test_no_way_of_filling_a_place_gets_past_its_size(folder, plain, walled):
    ways = {"fill", "allocate", "unlinked", "small_files", "flood"}
    assert plain("disk", "all", folder).got() == ways
    assert walled("disk", "all", folder).got() <= ({"flood"} if folder == IN_BOX_TMP else set())


def test_shared_memory_counts_against_the_box(walled):
    """A file system in memory is the box's memory: it may not be a way around the limit."""
    assert (
        walled("disk", "small_files", IN_BOX_SHM, limits=replace(SMALL, memory_bytes=48 << 20)).got() == set()
    )


def test_full_outputs_are_an_output_limit_not_a_crash(walled):
    assert walled("disk", "small_files", "/out").status is Status.OUTPUT_LIMIT


def test_a_flood_of_files_stops_at_the_number_allowed(plain, walled):
    assert plain("disk", "flood", "/out").got() == {"flood"}
    ended = walled("disk", "flood", "/out")
    assert ended.got() == set()
    assert ended.status is Status.OUTPUT_LIMIT


def test_a_very_deep_tree_is_neither_collected_nor_left_behind(plain, walled):
    assert plain("deep_folders").got() == {"deep"}
    few = walled("deep_folders", patterns=("a.csv",))
    many = walled("deep_folders", patterns=("a.csv",), limits=replace(SMALL, output_files=5_000))
    assert few.status is Status.OUTPUT_LIMIT
    assert many.status is Status.OUTPUT_REFUSED
    assert any("nested too deep" in line for line in many.receipt.refused)


def test_the_image_cannot_be_written_to(plain, walled):
    everywhere = plain("root_file_system").got()
    assert IN_BOX_VAR_TMP in everywhere
    ended = walled("root_file_system")
    assert set(ended.said.values()) == {"EROFS"}


def test_an_image_that_brings_a_disk_of_its_own_is_refused_before_it_starts(image, walled):
    name = f"tre-hostile-volume:{os.getpid()}"
    made = subprocess.run(
        ["docker", "create", image, "true"], capture_output=True, text=True, check=True
    ).stdout.strip()
    commit = [
        "docker",
        "commit",
        "--change",
        "VOLUME /scratch",
        "--change",
        "LABEL tre.image=hostile",
        made,
        name,
    ]
    with_volume = subprocess.run(commit, capture_output=True, text=True, check=True).stdout.strip()
    try:
        with pytest.raises(BoxRefused) as refused:
            walled.runner().prepare(replace(walled.box("end", "0"), image=with_volume))
    finally:
        subprocess.run(["docker", "rm", made], capture_output=True, check=True)
        subprocess.run(["docker", "rmi", name], capture_output=True, check=True)
    assert refused.value.code == "IMAGE_VOLUME"


@pytest.mark.parametrize("shape", ["lines", "newlines", "bytes", "one_line"])
def test_a_flood_of_log_is_cut_and_said_to_be(shape, plain, walled):
    if shape == "lines":
        assert len(plain("log_flood", shape, "4").log) >= 4_000_000
    ended = walled("log_flood", shape, "1" if shape == "newlines" else "6")
    assert len(ended.log) <= SMALL.log_bytes
    assert ended.receipt.log_truncated
    assert ended.status is Status.OK


def test_a_quiet_log_is_whole(walled):
    ended = walled("spin", "1", "0.1", "9")
    assert not ended.receipt.log_truncated
    assert b"processor_share=" in ended.log


def test_open_files_and_pipes_stop_at_their_limits(plain, walled):
    assert plain("open_files", "files").got() == {"files"}
    ended = walled("open_files", "files")
    assert ended.said == {"files": "EMFILE", "still": "here"}
    assert walled("open_files", "pipes").got() == set()


def test_spinners_get_the_processor_time_that_was_asked_for(walled):
    """The other side is in test_hostile_walls: how much a plain container gets depends on what else the machine does."""
    ended = walled("spin", "8", "2", "0.4", limits=replace(SMALL, cpus=0.2))
    assert "processor_share" not in ended.got()
    assert ended.said["spun"] == "GOT"


def test_processor_time_ends_although_nobody_watches_the_clock(walled):
    runner, box = walled.runner(), walled.box("spin", "1", "20", "9", "by-processor", limits=BRIEF)
    runner.prepare(box)
    runner.launch(box.job)
    assert wait(lambda: runner.observe(box.job).phase is Phase.STOPPED, seconds=5)
    runner.discard(box.job)


@pytest.mark.parametrize(
    "way", ["ignore_signals", "stop_self", "stop_parent", "close_streams", "stopped_crowd"]
)
def test_a_program_that_stays_is_timed_out_in_time(way, walled):
    ended = walled("linger", way, limits=BRIEF)
    assert ended.status is Status.TIMED_OUT
    assert ended.receipt.wall_seconds < BRIEF.wall_seconds + GRACE_SECONDS
    assert ended.seconds < BRIEF.wall_seconds + 2 * GRACE_SECONDS


def test_a_stopped_first_process_holds_its_box_no_longer_than_its_time(walled):
    """Which only a box without the filter of system calls can do at all."""
    ended = walled("linger", "stop_first", limits=BRIEF, without=frozenset({"system-calls"}))
    assert ended.status is Status.TIMED_OUT
    assert ended.seconds < BRIEF.wall_seconds + 2 * GRACE_SECONDS
    assert walled("linger", "stop_first", limits=BRIEF).status is Status.FAILED


def test_killing_the_command_line_does_not_end_a_plain_container(image, tmp_path):
    """So a time limit must be kept through the engine: this is what `subprocess.run(timeout=...)` does."""
    name = f"tre-hostile-cli-{tmp_path.name[-12:]}"
    argv = ["docker", "run", "--name", name, "--network", "none", image, "sleep", "20"]
    started = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = ["docker", "inspect", "--format", "{{.State.Running}}", name]

    def runs() -> bool:
        return subprocess.run(running, capture_output=True, text=True, check=False).stdout.strip() == "true"

    try:
        assert wait(runs, seconds=10)
        started.kill()
        started.wait()
        time.sleep(0.5)
        assert runs()
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


def test_there_is_no_core_file_and_no_way_to_ask_for_one(plain, walled):
    assert "raise_core" in plain("identity").got()
    assert "raise_core" not in walled("identity").got()
    ended = walled("end", "abort", patterns=("*.csv",))
    assert ended.status is Status.FAILED
    assert not list(Path(ended.receipt.log).parent.rglob("core*"))
