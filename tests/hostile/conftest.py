"""Fixtures for attacks on a real sandbox; what they give is made in `two_sides`."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.docker import DockerRunner
from sandboxes.images import installed
from sandboxes.model import Box, Status
from sandboxes.receipts import LOG
from sandboxes.runner import run
from tests.hostile.two_sides import BRIDGE, SMALL, Bait, Plain, Walled, address_of, greet, lay

LARGEST_LOG = 1 << 20


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
    assert seeing(tmp_path) == [], "a mount, or a process of a box, was left behind"
    kept = [path for path in tmp_path.glob("kept*/**/*") if path.is_file()]
    assert not any(b"CANARY-BYTES-OF-THE-HOST" in path.read_bytes() for path in kept), (
        "a secret of the host was kept"
    )
    assert all(path.stat().st_mode & 0o7777 == 0o600 for path in kept), (
        "an output was kept with another's rights"
    )
    assert all(path.stat().st_size <= LARGEST_LOG for path in kept if path.name == LOG), (
        "a log grew past its cap"
    )


def seeing(folder: Path) -> list[str]:
    """The processes of this host, ours included, that have something mounted from beneath a folder."""
    found = []
    for table in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            said = table.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        found += [table.parent.name] if str(folder) in said else []
    return found


@pytest.fixture(scope="module", autouse=True)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever the programs of a module tried, the host runs an honest job afterwards."""
    yield
    if request.node.get_closest_marker("engine") is None or "sql" not in installed():
        return
    folder = tmp_path_factory.mktemp("served")
    box = Box(
        "served", installed()["sql"].content_id, ("python3", "-I", "-S", "-c", "print(1)"), limits=SMALL
    )
    receipt = run(DockerRunner(state_dir=folder / "state"), box, (), folder / "kept")
    assert (receipt.status, receipt.log.read_text()) == (Status.OK, "1\n")


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
