"""Each wall, taken away alone, turns a try red; with all of them, none is. A wall that nothing notices is no wall."""

import importlib
import os
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from docker import APIClient

from sandboxes import cgroups
from sandboxes.docker import DockerRunner
from sandboxes.images import installed
from sandboxes.model import Box, Limits, Status
from sandboxes.preflight import try_walls
from sandboxes.profile import PROCEDURES, WALLS, Profile
from sandboxes.runner import run
from tests.contract.runner_contract import until_stopped

pytestmark = pytest.mark.engine

# Walls that no program can see from inside its own box: where each one's absence is shown to matter.
PROVED_ELSEWHERE = {
    "log-limit": "tests.sandboxes.test_walls_ablation:test_a_flood_of_lines_stays_small_on_the_hosts_disk",
    "one-program": "tests.sandboxes.test_walls_ablation:test_a_health_check_of_the_image_is_not_run",
    "uid-per-job": "tests.sandboxes.test_docker_runner:test_two_boxes_never_share_a_uid",
    "pinned-image": "tests.sandboxes.test_docker_runner:test_an_image_by_name_is_never_asked_for",
    "plain-image": "tests.sandboxes.test_docker_form:test_an_image_that_brings_something_of_its_own_is_refused",
    "inspected": "tests.sandboxes.test_docker_runner:test_a_box_that_is_not_as_asked_is_destroyed_unstarted",
    "wall-clock": "tests.contract.runner_contract:RunnerContract.test_what_never_ends_is_ended_at_its_limit",
    "swept": "tests.contract.runner_contract:RunnerContract.test_a_sweep_ends_and_removes_what_is_not_kept",
    "held-together": "tests.sandboxes.test_walls_ablation:test_many_boxes_together_may_not_take_the_host",
    "collected-by-hand": "tests.sandboxes.test_collect_race:test_the_same_race_beats_a_collector_that_looks_before_it_opens",
}
TRIED = [wall.name for wall in WALLS if wall.name not in PROVED_ELSEWHERE]
# Without this wall the engine loads our filter before it has changed the uid, which the filter forbids: nothing starts.
TAKEN_AWAY_WITH = {"no-new-privileges": "system-calls"}
NUMBERS = count(1)


@pytest.fixture(scope="module")
def api():
    with closing(APIClient(version="auto")) as client:
        yield client


@pytest.fixture(scope="module")
def image() -> str:
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return images["sql"].content_id


def open_walls(image: str, folder: Path, without: frozenset[str] = frozenset()) -> set[str]:
    runner = DockerRunner(state_dir=folder / "state", site=Profile(without=without))
    tried = try_walls(runner, f"ablation-{next(NUMBERS)}", image, folder / f"tries-{next(NUMBERS)}")
    assert tried, "the tries did not all come back"
    return {one.wall for one in tried if one.is_open}


def test_with_every_wall_no_try_gets_through(image, tmp_path):
    assert open_walls(image, tmp_path) == set()


@pytest.mark.parametrize("wall", TRIED)
def test_without_this_wall_a_try_gets_through(image, tmp_path, wall):
    without = frozenset({wall, TAKEN_AWAY_WITH.get(wall, wall), "inspected"})
    for _ in range(3):  # a busy host may hold a spinning program back where no wall does
        found = open_walls(image, tmp_path, without)
        if wall in found:
            return
    pytest.fail(f"nothing notices that the wall {wall} is gone")


@pytest.mark.parametrize("wall", [wall.name for wall in (*WALLS, *PROCEDURES)])
def test_every_wall_has_a_case(wall):
    if wall in TRIED:
        return
    module, name = PROVED_ELSEWHERE[wall].split(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found)


def flood_on_disk(api: APIClient, image: str, folder: Path, *, without: frozenset[str]) -> int:
    """How many bytes of the host's disk a box of 64 KiB of log takes for a flood of 4 MiB."""
    runner = DockerRunner(state_dir=folder / "state", site=Profile(without=without))
    program = "import sys\nfor _ in range(4096): sys.stdout.write('x' * 1023 + '\\n')"
    runner.prepare(Box("flood", image, ("python3", "-c", program), limits=Limits(log_bytes=64 << 10)))
    runner.launch("flood")
    until_stopped(lambda: runner, "flood")
    (found,) = api.containers(
        all=True, filters={"label": ["tre.job=flood", f"tre.home={runner._home.label}"]}
    )
    folder = Path(api.info()["DockerRootDir"]) / "containers" / found["Id"]
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    runner.discard("flood")
    return size


def test_a_flood_of_lines_stays_small_on_the_hosts_disk(api, image, tmp_path):
    if not Path(api.info()["DockerRootDir"]).is_dir():
        pytest.skip("the engine's own folder is not on this host, or is not for this account to see")
    assert flood_on_disk(api, image, tmp_path, without=frozenset({"log-limit", "inspected"})) > 4 << 20
    assert flood_on_disk(api, image, tmp_path, without=frozenset()) < 512 << 10


@pytest.fixture
def image_with_health_check(api, image):
    made = api.create_container(image, "true", use_config_proxy=False)["Id"]
    check = "HEALTHCHECK --interval=1s CMD touch /out/second-program"
    changed = api.commit(made, changes=[check])["Id"]
    api.remove_container(made)
    yield changed
    api.remove_image(changed, force=True)


def test_a_health_check_of_the_image_is_not_run(image_with_health_check, tmp_path):
    def seen(without: frozenset[str]) -> tuple[str, ...]:
        runner = DockerRunner(state_dir=tmp_path / "state", site=Profile(without=without))
        box = Box("health", image_with_health_check, ("sleep", "3"))
        return run(runner, box, (), tmp_path / f"kept-{time.monotonic_ns()}").undeclared

    assert seen(frozenset({"one-program", "inspected"})) == ("second-program",)
    assert seen(frozenset()) == ()


def test_many_boxes_together_may_not_take_the_host(image, tmp_path):
    """Each stays within its own limit; together they pass the host's."""
    program = "import time; b = bytearray(96 << 20); time.sleep(2)"

    def ended(site: Profile) -> list[Status]:
        runner = DockerRunner(state_dir=tmp_path / "state", site=site)
        jobs = [f"part-{number}" for number in range(3)]
        for job in jobs:
            limits = Limits(memory_bytes=160 << 20)
            runner.prepare(Box(job, image, ("python3", "-c", program), limits=limits))
            runner.launch(job)
        statuses = [until_stopped(lambda: runner, job).status for job in jobs]
        runner.sweep()
        return statuses

    group = f"tre-test-{os.getpid()}"
    assert set(ended(Profile(group=group))) == {Status.OK}
    assert Status.OUT_OF_MEMORY in ended(Profile(group=group, together_bytes=200 << 20))
    cgroups.group(group).remove()
