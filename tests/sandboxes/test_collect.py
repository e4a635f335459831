"""[P1] [P9] What a program leaves in its output folder reaches us as plain bytes, or not at all."""

import contextlib
import hashlib
import os
import socket
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandboxes import collect as room
from sandboxes import collect_open
from sandboxes.collect import Collection, collect
from sandboxes.collect_copy import Reason
from sandboxes.model import Limits

SECRET = b"canary: no collector may ever read this"
LIMITS = Limits(output_bytes=1 << 20, output_files=20)
ME = os.getuid()


@pytest.fixture(params=["openat2", "nofollow"], autouse=True)
def opener(request, monkeypatch):
    """Every rule holds with the kernel's openat2 and with the older way."""
    if request.param == "nofollow":
        monkeypatch.setattr(collect_open, "_choose", lambda _root: collect_open.open_at_nofollow)


@pytest.fixture
def out(tmp_path):
    """An output folder beside a secret of the host."""
    (tmp_path / "secret").write_bytes(SECRET)
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def gather(out, *patterns, limits=LIMITS, owner=ME) -> Collection:
    return collect(out, patterns=patterns, into=out.parent / "kept", owner=owner, limits=limits)


def reasons(found: Collection) -> list[str]:
    return [line.rsplit(": ", 1)[1] for line in found.refused]


def kept_bytes(out) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((out.parent / "kept").rglob("*")) if path.is_file())


def test_declared_files_are_copied_with_their_size_and_digest(out):
    (out / "tables").mkdir()
    (out / "tables" / "one.csv").write_bytes(b"a,b\n1,2\n")
    (out / "two.txt").write_bytes(b"")
    found = gather(out, "tables/*.csv", "two.txt")
    assert [one.path for one in found.collected] == ["tables/one.csv", "two.txt"]
    assert found.collected[0].sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert found.collected[0].stored.read_bytes() == b"a,b\n1,2\n"
    assert found.collected[1].size == 0
    assert (found.undeclared, found.refused) == ((), ())


def test_copies_are_ours_alone_whatever_the_program_set(out):
    (out / "a.csv").write_bytes(b"x")
    (out / "a.csv").chmod(0o6777)
    copy = gather(out, "a.csv").collected[0].stored
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert "a.csv" not in copy.name


def test_undeclared_files_are_listed_and_never_read(out):
    (out / "a.csv").write_bytes(b"x")
    (out / "no\x1bte\n.txt").write_bytes(SECRET)
    (out / ".cache").mkdir()
    found = gather(out, "a.csv")
    assert len(found.collected) == 1
    assert found.undeclared == (".cache/", "no\\x1bte\\n.txt")
    assert SECRET not in kept_bytes(out)


def test_a_declared_output_that_is_missing_refuses_the_others_too(out):
    (out / "a.csv").write_bytes(b"x")
    found = gather(out, "a.csv", "b.csv")
    assert found.collected == ()
    assert found.refused == (f"b.csv: {Reason.MISSING.value}",)
    assert kept_bytes(out) == b""


def plant_symlink(out):
    (out / "bad.csv").symlink_to(out.parent / "secret")
    return Reason.LINK


def plant_relative_symlink(out):
    (out / "bad.csv").symlink_to("../secret")
    return Reason.LINK


def plant_magic_link(out):
    (out / "bad.csv").symlink_to("/proc/self/environ")
    return Reason.LINK


def plant_symlinked_folder(out):
    (out / "sub").symlink_to(out.parent)
    return Reason.LINK


def plant_hard_link(out):
    os.link(out.parent / "secret", out / "bad.csv")
    return Reason.HARD_LINK


def plant_fifo(out):
    os.mkfifo(out / "bad.csv")
    return Reason.SPECIAL


def plant_undeclared_fifo(out):
    os.mkfifo(out / "other.bin")
    return Reason.SPECIAL


def plant_socket(out):
    with contextlib.chdir(out), socket.socket(socket.AF_UNIX) as listening:
        listening.bind("bad.csv")
    return Reason.SPECIAL


def plant_sparse(out):
    with (out / "bad.csv").open("wb") as file:
        file.truncate(1 << 19)
    return Reason.SPARSE


def plant_huge_sparse(out):
    with (out / "bad.csv").open("wb") as file:
        file.truncate(1 << 40)
    return Reason.TOO_BIG


def plant_too_big(out):
    (out / "bad.csv").write_bytes(b"x" * ((1 << 20) + 1))
    return Reason.TOO_BIG


def plant_too_much_together(out):
    for number in range(3):
        (out / f"bad{number}.csv").write_bytes(b"x" * (1 << 19))
    return Reason.TOTAL


def plant_too_many(out):
    for number in range(21):
        (out / f"bad{number}.csv").write_bytes(b"x")
    return Reason.TOO_MANY


def plant_deep(out):
    out.joinpath(*["d"] * 7).mkdir(parents=True)
    return Reason.TOO_DEEP


def plant_odd_name(out):
    (out / "new\nline.csv").write_bytes(b"x")
    return Reason.NAME


def plant_bytes_name(out):
    (out / os.fsdecode(b"\xff.csv")).write_bytes(b"x")
    return Reason.NAME


def plant_capitals(out):
    (out / "Bad.csv").write_bytes(b"x")
    (out / "bad.csv").write_bytes(b"y")
    return Reason.COLLISION


def plant_a_folder_for_a_file(out):
    (out / "bad.csv").mkdir()
    return Reason.MISSING


PLANTS = [value for name, value in sorted(globals().items()) if name.startswith("plant_")]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_entry_is_refused_and_takes_the_good_file_with_it(out, plant):
    (out / "good.txt").write_bytes(b"good")
    reason = plant(out)
    found = gather(out, "good.txt", "*.csv", "sub/*")
    assert reason.value in reasons(found)
    assert found.collected == ()
    assert kept_bytes(out) == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can plant a device node or another owner's file")
@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_a_planted_device_is_refused_without_being_opened(out, kind):
    os.mknod(out / "bad.csv", kind | 0o666, os.makedev(1, 5))
    assert Reason.SPECIAL.value in reasons(gather(out, "bad.csv"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can plant a device node or another owner's file")
def test_a_file_or_folder_of_another_owner_is_refused(out):
    (out / "bad.csv").write_bytes(b"x")
    (out / "sub").mkdir()
    for name in ("bad.csv", "sub"):
        os.chown(out / name, 12345, 12345)
    assert reasons(gather(out, "bad.csv"))[:2] == [Reason.OWNER.value, Reason.OWNER.value]


def test_a_tree_without_permissions_is_collected_or_refused_cleanly(out):
    (out / "sub").mkdir()
    (out / "sub" / "a.csv").write_bytes(b"x")
    (out / "sub" / "a.csv").chmod(0)
    (out / "sub").chmod(0)
    found = gather(out, "sub/a.csv")
    (out / "sub").chmod(0o700)
    assert bool(found.collected) != bool(found.refused)


def test_a_flood_of_entries_ends_the_pass_early(out, monkeypatch):
    monkeypatch.setattr(room, "MOST_ENTRIES", 50)
    for number in range(60):
        (out / f"n{number}.txt").touch()
    found = gather(out, "*.csv")
    assert found.refused == (f".: {Reason.ENTRIES.value}",)


def test_lists_of_names_are_bounded(out):
    for number in range(room.MOST_LISTED + 30):
        (out / f"n{number:03}.txt").touch()
    (out / "a.csv").touch()
    found = gather(out, "a.csv")
    assert len(found.undeclared) == room.MOST_LISTED + 1
    assert found.undeclared[-1] == "... and 30 more"


def test_a_file_that_changes_while_it_is_read_is_refused(out, monkeypatch):
    (out / "a.csv").write_bytes(b"x" * 100)
    real = os.readv

    def meddling(descriptor, buffers):
        count = real(descriptor, buffers)
        (out / "a.csv").write_bytes(b"y" * 100)
        return count

    monkeypatch.setattr(os, "readv", meddling)
    found = gather(out, "a.csv")
    assert reasons(found) == [Reason.CHANGED.value]
    assert kept_bytes(out) == b""


def test_collecting_again_gives_the_same_and_leaves_nothing_over(out):
    (out / "a.csv").write_bytes(b"x")
    (out / "b.csv").write_bytes(b"y")
    assert gather(out, "*.csv") == gather(out, "*.csv")
    (out / "b.csv").unlink()
    assert len(gather(out, "*.csv").collected) == 1
    assert len(list((out.parent / "kept").iterdir())) == 1


def test_the_root_itself_may_not_be_a_link(out):
    (out.parent / "link").symlink_to(out)
    with pytest.raises(OSError, match="link"):
        collect(out.parent / "link", patterns=("*",), into=out.parent / "kept", owner=ME, limits=LIMITS)


def test_a_full_store_is_a_fault_of_ours_not_a_refusal(out, monkeypatch):
    (out / "a.csv").write_bytes(b"x")

    def full(_descriptor, _chunk):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        gather(out, "a.csv")


names = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20)
contents = st.binary(max_size=64)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names.filter(lambda name: name not in {".", ".."}), contents, max_size=6))
def test_whatever_the_names_every_kept_byte_was_declared_and_every_name_is_accounted_for(
    tmp_path_factory, files
):
    out = tmp_path_factory.mktemp("case") / "out"
    out.mkdir()
    for name, content in files.items():
        (out / name).write_bytes(content)
    found = gather(out, "*.csv", "a*")
    named = {one.path for one in found.collected}
    assert all(one.stored.read_bytes() == files[one.path] for one in found.collected)
    assert all(name.endswith(".csv") or name.startswith("a") for name in named)
    assert not (found.collected and found.refused)
    entries = len(found.collected) + len(found.undeclared) + len(found.refused)
    assert found.refused or entries == len(files)
