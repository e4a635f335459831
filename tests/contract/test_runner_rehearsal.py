"""The runner's contract, played."""

from pathlib import Path

import pytest

from sandboxes.model import Box, BoxRefused
from sandboxes.rehearsal import IMAGES, RehearsalRunner
from tests.contract.runner_contract import REHEARSED, RunnerContract


@pytest.fixture
def image() -> str:
    return IMAGES["sql"]


@pytest.fixture
def fresh(tmp_path: Path):
    return lambda: RehearsalRunner(REHEARSED, state_dir=tmp_path / "state")


class TestRunnerRehearsal(RunnerContract):
    """The contract."""


def test_a_command_that_was_not_given_a_function_is_refused(image):
    runner = RehearsalRunner({})
    with pytest.raises(BoxRefused) as refused:
        runner.prepare(Box("job-1", image, ("python3", "-c", "print(1)")))
    assert refused.value.code == "NOT_REHEARSED"


def test_it_says_that_it_has_no_walls():
    assert RehearsalRunner({}).walls() == ()
