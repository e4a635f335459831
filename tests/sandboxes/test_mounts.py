"""The host's side of a job's outputs: bounded, leading nowhere, and gone afterwards whatever was put there."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandboxes import mounts
from sandboxes.profile import OUTPUT_FLAGS, Memory

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
OWNER = 200_999
WANTED = Memory("/out", 1 << 20, 50, OUTPUT_FLAGS)


@pytest.fixture
def place(tmp_path):
    yield tmp_path / "out"
    mounts.remove(tmp_path / "out")


@pytest.fixture
def made(place) -> Path:
    mounts.make(place, WANTED, OWNER)
    return place


@needs_root
def test_it_is_as_asked_and_says_so(made):
    assert mounts.differences(made, WANTED) == ()
    assert (made.stat().st_uid, made.stat().st_mode & 0o7777) == (OWNER, 0o700)


@needs_root
@pytest.mark.parametrize(
    ("wanted", "difference"),
    [(Memory("/out", 2 << 20, 50, OUTPUT_FLAGS), "Output.size"), (Memory("/out", 1 << 20, 51, OUTPUT_FLAGS), "Output.inodes"),
     (Memory("/out", 1 << 20, 50, OUTPUT_FLAGS[:-1]), "Output.nosymfollow"), (Memory("/out"), "Output.mounted")],
)  # fmt: skip
def test_any_difference_is_named(made, wanted, difference):
    assert mounts.differences(made, wanted) == (difference,)


@needs_root
def test_it_holds_no_more_than_its_size_and_then_is_full(made):
    with pytest.raises(OSError, match="No space"):
        (made / "large").write_bytes(bytes(2 << 20))
    assert mounts.is_full(made)


@needs_root
def test_it_holds_no_more_names_than_its_count_and_then_is_full(made):
    for number in range(49):
        (made / str(number)).touch()
    with pytest.raises(OSError, match="No space"):
        (made / "one-more").touch()
    assert mounts.is_full(made)
    (made / "1").unlink()
    assert not mounts.is_full(made)


@needs_root
def test_a_link_in_it_leads_nowhere(made, tmp_path):
    (tmp_path / "secret").write_text("host")
    (made / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        (made / "link").read_text()


@needs_root
def test_once_sealed_nothing_is_written_and_its_flags_stay(made):
    (made / "before").touch()
    mounts.seal(made)
    with pytest.raises(OSError, match="Read-only"):
        (made / "after").touch()
    assert mounts.differences(made, WANTED) == ()
    mounts.seal(made)


@needs_root
def test_it_is_not_made_over_another(made):
    with pytest.raises(FileExistsError):
        mounts.make(made, WANTED, OWNER)


def test_it_is_not_made_over_files_of_someone_else(place):
    place.mkdir()
    (place / "file").touch()
    with pytest.raises(FileExistsError):
        mounts.make(place, Memory("/out"), os.geteuid())


@needs_root
def test_it_goes_whatever_it_holds(made):
    deep = made
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    mounts.remove(made)
    assert not made.exists()
    mounts.remove(made)


def test_a_plain_folder_is_neither_full_nor_sealed(place):
    mounts.make(place, Memory("/out"), os.geteuid())
    mounts.seal(place)
    (place / "still").touch()
    assert not mounts.is_full(place)
    assert mounts.differences(place, Memory("/out")) == ()
    assert mounts.differences(place, WANTED) == ("Output.mounted",)


def test_a_tree_of_any_depth_is_removed_and_links_are_not_followed(place, tmp_path):
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").touch()
    place.mkdir()
    start = Path.cwd()
    os.chdir(place)
    try:
        for _ in range(3_000):
            Path("d").mkdir()
            Path(".moved-0").touch()
            Path("link").symlink_to(keep)
            os.chdir("d")
        Path("locked").mkdir(mode=0)
    finally:
        os.chdir(start)
    mounts.remove(place)
    assert not place.exists()
    assert (keep / "file").exists()


def test_a_link_in_the_place_of_a_folder_is_left_alone(place, tmp_path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "file").touch()
    place.symlink_to(tmp_path / "keep")
    mounts.remove(place)
    assert (tmp_path / "keep" / "file").exists()
    place.unlink()


HELD = """
import sys, time
from pathlib import Path
from sandboxes.leftovers import cleared_after
from sandboxes.mounts import make
from sandboxes.profile import Memory
with cleared_after(Path(sys.argv[1])):
    for place in sys.argv[2:]:
        make(Path(place), Memory(place, 1 << 20, 100, ("nosuid",)), 0)
    print("mounted", flush=True)
    sys.stdin.read()
"""


@needs_root
def test_what_is_mounted_of_a_rehearsal_goes_with_its_process_however_that_ends(tmp_path):
    """Killed, it can clear nothing itself. What is mounted beside the folder stays, and what is in use is not touched."""
    inside, beside = tmp_path / "study" / "boxes", tmp_path / "other"
    inside.mkdir(parents=True)
    command = [sys.executable, "-c", HELD, str(tmp_path / "study"), str(inside / "outputs"), str(beside)]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holding:
            assert holding.stdout.readline() == b"mounted\n"
            assert mounts.is_mounted(inside / "outputs")
            holding.kill()
        late = time.monotonic() + 60
        while mounts.is_mounted(inside / "outputs"):
            assert time.monotonic() < late
            time.sleep(0.01)
        assert mounts.is_mounted(beside)
    finally:
        mounts.clear_beneath(tmp_path)
    assert not mounts.is_mounted(beside)
