"""Fixtures for attacks on a real sandbox; what they give is made in `two_sides`."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.images import installed
from tests.hostile.two_sides import BRIDGE, Bait, Plain, Walled, address_of, greet, lay


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


@pytest.fixture
def host_service() -> Iterator[tuple[str, str]]:
    """A service of the host on the address that the engine's bridge gives it; plain containers reach it."""
    address = address_of(BRIDGE)
    if address is None:
        pytest.skip(f"this host has no interface `{BRIDGE}`: its engine runs elsewhere, or makes no bridge")
    with socket.create_server((address, 0)) as listening:
        listening.settimeout(20)
        threading.Thread(target=greet, args=(listening,), daemon=True).start()
        yield address, str(listening.getsockname()[1])
