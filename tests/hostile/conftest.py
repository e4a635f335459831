"""Fixtures for attacks on a real sandbox; what they give is made in `two_sides`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.images import installed
from tests.hostile.two_sides import Bait, Plain, Walled, lay


@pytest.fixture(scope="session")
def image() -> str:
    """The content id of the smallest image."""
    images = installed()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    return images["sql"].content_id


@pytest.fixture
def bait(tmp_path: Path) -> Bait:
    return lay(tmp_path / "bait")


@pytest.fixture
def plain(image: str, tmp_path: Path) -> Plain:
    """Runs a program with nothing of ours around it. Its bait is its own: it will be spoilt."""
    return Plain(image, tmp_path, lay(tmp_path / "plain-bait"))


@pytest.fixture
def walled(image: str, tmp_path: Path, bait: Bait) -> Iterator[Walled]:
    """Runs a program in a box of ours, and then looks whether the host is as it was."""
    before = bait.digest()
    made = Walled(image, tmp_path, bait)
    yield made
    left = made.runner().sweep()
    assert left == (), "a box was left behind"
    assert bait.digest() == before, "a file of the host was changed"
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert str(tmp_path) not in mounts, "a mount was left behind"
    kept = (
        [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
        if (tmp_path / "kept").is_dir()
        else []
    )
    assert not any(b"CANARY-BYTES-OF-THE-HOST" in path.read_bytes() for path in kept), (
        "a secret of the host was kept"
    )
