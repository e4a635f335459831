"""What a report tries from inside sees each wall that is taken away alone, and no wall open while all of them stand."""

from itertools import count
from pathlib import Path

import pytest

from sandboxes.docker import DockerRunner
from sandboxes.images import installed
from sandboxes.preflight import try_walls
from sandboxes.profile import WALLS, Profile

pytestmark = pytest.mark.engine

# What no program can see from inside its own box; tests/hostile/test_hostile_walls.py shows that these two stand.
UNSEEN = {"log-limit", "one-program"}
TRIED = [wall.name for wall in WALLS if wall.name not in UNSEEN]
# Without this wall the engine loads our filter before it has changed the uid, which the filter forbids: nothing starts.
TAKEN_AWAY_WITH = {"no-new-privileges": "system-calls"}
NUMBERS = count(1)


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
