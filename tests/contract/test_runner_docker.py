"""The runner's contract, in containers."""

from pathlib import Path

import pytest

from sandboxes.docker import DockerRunner
from sandboxes.images import installed
from tests.contract.runner_contract import RunnerContract

pytestmark = pytest.mark.engine


@pytest.fixture
def image() -> str:
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return images["sql"].content_id


@pytest.fixture
def fresh(tmp_path: Path):
    return lambda: DockerRunner(state_dir=tmp_path / "state")


class TestRunnerDocker(RunnerContract):
    """The contract."""
