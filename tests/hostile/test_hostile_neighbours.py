"""[P1] Boxes beside each other: nothing shared, and together no more than the host can bear. Cases 6, 28, 64."""

import os
import subprocess
from dataclasses import replace

import pytest

from sandboxes import cgroups, kernel_log
from sandboxes.docker import DockerRunner
from sandboxes.model import Phase, Status
from sandboxes.profile import Profile
from tests.hostile.two_sides import SMALL, wait

pytestmark = [pytest.mark.engine, pytest.mark.hostile]


def said(walled, runner, job) -> str:
    return runner.collect(job, (), walled.folder / "kept" / job).log.read_text()


def stopped(runner, job) -> bool:
    return runner.observe(job).phase is Phase.STOPPED


def test_marks_left_by_one_box_are_not_seen_by_the_next(walled):
    runner = walled.runner()
    first = walled.box("neighbour", "leave", "20")
    runner.prepare(first)
    runner.launch(first.job)
    second = walled("neighbour", "look")
    runner.halt(first.job)
    left = said(walled, runner, first.job)
    runner.discard(first.job)
    assert "leave:/tmp=GOT" in left
    assert "leave:/out=GOT" in left
    assert second.got() == set()


def test_marks_are_seen_where_boxes_share_a_place(plain, tmp_path):
    """So the test above can fail: this is what a scratch folder common to two containers gives away."""
    shared = ("--volume", f"{tmp_path}:/var/tmp")
    assert "leave:/var/tmp" in plain("neighbour", "leave", "0", options=shared).got()
    assert "see:/var/tmp" in plain("neighbour", "look", options=shared).got()


def test_there_is_no_swap_to_escape_into(image, walled):
    """An engine that is told a memory limit alone allows as much again in swap."""
    query = ["--format", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}"]

    def limits(container: str) -> list[str]:
        asked = ["docker", "inspect", *query, container]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()

    create = ["docker", "create", "--memory", str(SMALL.memory_bytes), image, "true"]
    made = subprocess.run(create, capture_output=True, text=True, check=True).stdout.split()[-1]
    plain_limits = limits(made)
    subprocess.run(["docker", "rm", made], capture_output=True, check=True)
    runner, box = walled.runner(), walled.box("end", "0")
    runner.prepare(box)
    listing = ["docker", "ps", "--all", "--quiet", "--filter", f"label=tre.job={box.job}"]
    ours = limits(subprocess.run(listing, capture_output=True, text=True, check=True).stdout.strip())
    runner.discard(box.job)
    assert plain_limits == [str(SMALL.memory_bytes), str(2 * SMALL.memory_bytes)]
    assert ours == [str(SMALL.memory_bytes)] * 2


@pytest.mark.parametrize("acquitted", [True, False])
def test_a_box_is_not_told_of_its_neighbours_want_of_memory(acquitted, walled, monkeypatch):
    """One box alone reaches for what the ceiling over both has left; without the kernel's log both would be blamed."""
    group = f"tre-hostile-{os.getpid()}"
    runner = DockerRunner(
        state_dir=walled.folder / "state", site=Profile(group=group, together_bytes=160 << 20)
    )
    if "held-together" in {wall.name for wall in runner.missing_walls()}:
        pytest.skip("this process may not make control groups, or the engine leaves them to systemd")
    if not acquitted:
        monkeypatch.setattr(kernel_log, "LOG", walled.folder / "no-such-log")
    roomy = replace(SMALL, memory_bytes=512 << 20)
    innocent, greedy = (
        walled.box("hold", "10", "4", limits=roomy),
        walled.box("hold", "300", "3", limits=roomy),
    )
    for box in (innocent, greedy):
        runner.prepare(box)
        runner.launch(box.job)
    assert wait(lambda: all(stopped(runner, box.job) for box in (innocent, greedy)), seconds=30)
    ended = [runner.observe(box.job) for box in (innocent, greedy)]
    for box in (innocent, greedy):
        runner.discard(box.job)
    cgroups.group(group).remove()
    assert (ended[0].exit_code, ended[1].status) == (0, Status.OUT_OF_MEMORY)
    if acquitted:
        assert ended[0].status is Status.OK
    elif ended[0].status is Status.OK:
        pytest.skip("this host's engine blames the right box by itself")


@pytest.mark.parametrize("together", [True, False])
def test_boxes_together_stay_under_one_ceiling(together, walled):
    """Each within its own limit: with room for both they end well, under a ceiling for one the host is spared one."""
    group = f"tre-hostile-{os.getpid()}"
    site = Profile(group=group, together_bytes=(128 << 20) if together else (1 << 30))
    runner = DockerRunner(state_dir=walled.folder / "state", site=site)
    if "held-together" in {wall.name for wall in runner.missing_walls()}:
        pytest.skip("this process may not make control groups, or the engine leaves them to systemd")
    boxes = [walled.box("hold", "80", "3", limits=replace(SMALL, memory_bytes=112 << 20)) for _ in range(2)]
    for box in boxes:
        runner.prepare(box)
        runner.launch(box.job)
    assert wait(lambda: all(stopped(runner, box.job) for box in boxes), seconds=30)
    statuses = {runner.observe(box.job).status for box in boxes}
    for box in boxes:
        runner.discard(box.job)
    cgroups.group(group).remove()
    assert (Status.OUT_OF_MEMORY in statuses) is together
    assert together or statuses == {Status.OK}
