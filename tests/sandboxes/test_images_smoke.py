"""Every package that an image promises does a piece of its own work in a box with every wall, under each runner."""

import re
from pathlib import Path

import pytest

from sandboxes.bubblewrap import BubblewrapRunner
from sandboxes.docker import DockerRunner
from sandboxes.images import recipe
from sandboxes.images.build import REQUIREMENTS
from sandboxes.model import Box, Input, Limits, Status
from sandboxes.runner import run

SMOKE = Path(__file__).parent / "smoke"
COMMANDS = {
    "sql": ("python3", "/code/sql.py"),
    "python": ("python3", "/code/python.py"),
    "r": ("Rscript", "/code/r.R"),
}
LIMITS = Limits(memory_bytes=1 << 30, cpus=2, wall_seconds=120)
NOT_LIBRARIES = {"python3", "r-base-core", "tzdata"}


def promised(image: str) -> set[str]:
    """The packages that a study may count on."""
    if image == "r":
        return {name.removeprefix("r-cran-") for name in set(recipe.R_PACKAGES) - NOT_LIBRARIES}
    if image == "sql":
        return {"duckdb", "pyarrow"}
    wanted = REQUIREMENTS.with_suffix(".in").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)", wanted, re.MULTILINE))


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.engine), "bubblewrap"])
def runner(request, tmp_path):
    kinds = {"docker": DockerRunner, "bubblewrap": BubblewrapRunner}
    return kinds[request.param](state_dir=tmp_path / "state")


@pytest.mark.parametrize("image", recipe.NAMES)
def test_every_package_of_an_image_works_behind_every_wall(runner, image, tmp_path):
    images = runner.images()
    if image not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    box = Box(f"smoke-{image}", images[image], COMMANDS[image], (Input(SMOKE, "/code"),), limits=LIMITS)
    receipt = run(runner, box, (), tmp_path / "kept")
    said = receipt.log.read_text()
    assert receipt.status is Status.OK, said
    assert promised(image) <= set(said.split()), said
