"""The runner's contract, in bubblewrap's namespaces."""

import os
import shutil
from pathlib import Path

import pytest

from sandboxes.bubblewrap import BubblewrapRunner
from sandboxes.images import installed
from tests.contract.runner_contract import RunnerContract

pytestmark = [
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="memory and output limits by bubblewrap need root"),
]


@pytest.fixture
def image() -> str:
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return images["sql"].content_id


@pytest.fixture
def fresh(tmp_path: Path):
    return lambda: BubblewrapRunner(state_dir=tmp_path / "state")


class TestRunnerBubblewrap(RunnerContract):
    """The contract."""
