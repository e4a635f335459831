"""What every test may rely on: an engine that answers where one is needed, and settings that do not depend on the machine's speed."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scripts.engine import DEFAULT_ADDRESS, Answer, ping
from tests.leftovers import take_down_dead_sessions

WITHOUT_ENGINE = os.environ.get("TRE_NO_ENGINE") == "1"
WITHOUT_BROWSER = os.environ.get("TRE_NO_BROWSER") == "1"
ENGINE_ADDRESS = os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS

# A shared two-core machine is slow at random: slowness is measured by the benchmarks, never by a property test.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """What killed sessions have left mounted would keep pytest from clearing their folders away; once, and not by each hand."""
    if os.geteuid() == 0 and not hasattr(config, "workerinput"):
        take_down_dead_sessions(Path(tempfile.gettempdir()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Engine and browser tests are left out only where a person said that there is none."""
    for item in items:
        if WITHOUT_ENGINE and item.get_closest_marker("engine"):
            item.add_marker(
                pytest.mark.skip(reason="TRE_NO_ENGINE=1: this machine was said to have no engine")
            )
        if WITHOUT_BROWSER and item.get_closest_marker("browser"):
            item.add_marker(
                pytest.mark.skip(reason="TRE_NO_BROWSER=1: this machine was said to have no Chromium")
            )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs an engine fails without one: a wall that was not tested is not a wall that held."""
    if item.get_closest_marker("engine") and ping(ENGINE_ADDRESS) is not Answer.YES:
        pytest.fail(
            f"No container engine answers at {ENGINE_ADDRESS}. `make test` starts one; TRE_NO_ENGINE=1 skips these tests.",
            pytrace=False,
        )


@pytest.fixture
def tmp_path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A hostile program's folders in folders are cut off: pytest clears up by recursion and would break, three runs later."""
    yield tmp_path
    if request.node.get_closest_marker("hostile"):
        subprocess.run(("find", str(tmp_path), "-mindepth", "40", "-delete"), check=True)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The published samples that lie beside the repository where its authors work."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the published samples are not beside this clone (../shared/samples)")
    return folder
