"""Nothing is ever run bare: without a runner that has the walls a site insists on, there is none, and a person is told what to do."""

from pathlib import Path

import pytest

from sandboxes import choose
from sandboxes.model import RunnerUnavailable, Wall
from sandboxes.rehearsal import RehearsalRunner


class LowRunner(RehearsalRunner):
    """A runner without one wall."""

    def missing_walls(self) -> tuple[Wall, ...]:
        return (Wall("memory", "taking the host's memory", "--memory"),)


def gone(_state: Path, _site: object, _clock: object) -> RehearsalRunner:
    raise RunnerUnavailable("ENGINE_GONE", "No engine answers.", fix="Start one.")


def low(_state: Path, _site: object, _clock: object) -> RehearsalRunner:
    return LowRunner({})


@pytest.fixture(autouse=True)
def _a_host_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "RUNNERS", {"docker": gone, "bubblewrap": low})


def test_the_next_runner_that_a_site_allows_is_taken(tmp_path: Path) -> None:
    assert isinstance(choose.available(tmp_path, allowed=("docker", "bubblewrap")), LowRunner)


@pytest.mark.parametrize(
    ("allowed", "required", "told"),
    [
        (("docker",), frozenset(), "No engine answers"),
        (("docker", "bubblewrap"), frozenset({"memory"}), "memory"),
        (("bare",), frozenset(), "no runner named"),
        ((), frozenset(), "No runner is allowed"),
    ],
)
def test_without_one_nothing_is_run(
    tmp_path: Path, allowed: tuple[str, ...], required: frozenset[str], told: str
) -> None:
    with pytest.raises(RunnerUnavailable, match=told) as refusal:
        choose.available(tmp_path, allowed=allowed, required_walls=required)
    assert refusal.value.fix
    assert "Nothing is ever run bare" in refusal.value.sentence


def test_a_wall_that_stands_may_be_required(tmp_path: Path) -> None:
    assert choose.available(tmp_path, allowed=("bubblewrap",), required_walls=frozenset({"network"}))
