"""A folder on disk is bounded, can lead nowhere, and is gone with its job; where nothing would bound it no box has one [P1]."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from sandboxes import disk, mounts
from sandboxes.bubblewrap import BubblewrapRunner
from sandboxes.docker import DockerRunner
from sandboxes.model import Box, BoxRefused, Limits, Status
from sandboxes.profile import OUTPUT_FLAGS, Disk
from sandboxes.runner import run

SIZE = 16 << 20
OWNER = 200_123
pytestmark = pytest.mark.skipif(
    bool(disk.missing_walls()), reason="a file system in a file needs root, mkfs.ext4 and loop devices"
)
WRITES = """
import os
with open("/scratch/rows", "wb") as file:
    file.write(bytes({within}))
print(os.stat("/scratch").st_uid == os.getuid())
try:
    with open("/scratch/more", "wb") as file:
        file.write(bytes({beyond}))
    print("more")
except OSError as full:
    print(full.errno)
try:
    os.symlink("/etc/passwd", "/scratch/link")
    print(open("/scratch/link").read()[:4])
except OSError:
    print("held")
"""


@pytest.fixture
def place(tmp_path: Path):
    path = tmp_path / "scratch"
    yield path
    disk.remove(path)


def loops() -> str:
    return subprocess.run(["losetup", "--all"], capture_output=True, text=True, check=True).stdout


def test_it_is_no_larger_than_was_asked_and_takes_the_hosts_disk_only_as_it_is_written(place):
    disk.make(place, Disk(SIZE, OUTPUT_FLAGS), OWNER)
    kept = place.with_name("scratch.img")
    assert kept.stat().st_size == SIZE
    assert kept.stat().st_blocks * 512 < SIZE // 4
    assert os.statvfs(place).f_blocks * os.statvfs(place).f_frsize <= SIZE
    assert (place.stat().st_uid, place.stat().st_mode & 0o777) == (OWNER, 0o700)
    (place / "rows").write_bytes(bytes(SIZE // 2))
    with pytest.raises(OSError, match="space") as full:
        (place / "more").write_bytes(bytes(SIZE))
    assert full.value.errno == errno.ENOSPC


def test_nothing_of_it_is_left(place):
    disk.make(place, Disk(SIZE, OUTPUT_FLAGS), OWNER)
    (place / "rows").write_bytes(b"needle" * 1000)
    disk.remove(place)
    assert list(place.parent.iterdir()) == []
    assert str(place.parent) not in loops()
    disk.remove(place)


def test_what_a_host_that_died_left_of_it_is_removed(place):
    """After a start nothing is mounted any more, and the file is still there."""
    disk.make(place, Disk(SIZE, OUTPUT_FLAGS), OWNER)
    mounts._unmount(place)
    disk.remove(place)
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        (Disk(SIZE, OUTPUT_FLAGS), ()),
        (Disk(SIZE // 2, OUTPUT_FLAGS), ("Disk.size",)),
        (Disk(SIZE, ("noexec", "nosuid")), ("Disk.nodev", "Disk.nosymfollow")),
        (Disk(), ("Disk.mounted",)),
    ],
)
def test_what_was_made_is_compared_with_what_was_asked(place, wanted, wrong):
    disk.make(place, Disk(SIZE, OUTPUT_FLAGS), OWNER)
    assert disk.differences(place, wanted) == wrong


def test_where_somebody_put_nothing_in_its_place_that_is_a_difference(place):
    place.mkdir()
    assert disk.differences(place, Disk(SIZE, OUTPUT_FLAGS)) == ("Disk.mounted",)


def test_it_is_not_made_where_something_is_already(place):
    place.mkdir()
    (place / "of-another").touch()
    with pytest.raises(FileExistsError):
        disk.make(place, Disk(SIZE, OUTPUT_FLAGS), OWNER)
    (place / "of-another").unlink()


def test_a_host_that_cannot_bound_it_makes_none(place, monkeypatch):
    monkeypatch.setattr(disk, "missing_walls", lambda: frozenset({"disk-limit"}))
    for wanted in (Disk(SIZE, OUTPUT_FLAGS), Disk()):
        with pytest.raises(BoxRefused) as refused:
            disk.make(place, wanted, OWNER)
        assert refused.value.code == "NO_DISK_LIMIT"
    assert not place.exists()


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.engine), "bubblewrap"])
def runner(request, tmp_path):
    kinds = {"docker": DockerRunner, "bubblewrap": BubblewrapRunner}
    return kinds[request.param](state_dir=tmp_path / "state")


def test_a_box_that_asks_has_one_and_one_that_does_not_has_none(runner, tmp_path):
    images = runner.images()
    if "sql" not in images:
        pytest.skip("the sandbox images are not built: run `python -m sandboxes.images build` as root")
    program = WRITES.format(within=SIZE // 2, beyond=SIZE)
    for disk_bytes in (SIZE, 0):
        limits = Limits(memory_bytes=128 << 20, disk_bytes=disk_bytes)
        box = Box(f"disk-{disk_bytes}", images["sql"], ("python3", "-c", program), limits=limits)
        receipt = run(runner, box, (), tmp_path / f"kept-{disk_bytes}")
        if disk_bytes:
            assert receipt.status is Status.OK, receipt.log.read_text()
            assert receipt.log.read_text().split() == ["True", str(errno.ENOSPC), "held"]
        else:
            assert receipt.status is Status.FAILED
    assert not list((tmp_path / "state" / "boxes").iterdir())
    assert str(tmp_path) not in loops()


def test_a_disk_too_small_to_be_one_is_refused():
    with pytest.raises(BoxRefused) as refused:
        Limits(disk_bytes=4096)
    assert refused.value.code == "LIMIT_OUT_OF_RANGE"
