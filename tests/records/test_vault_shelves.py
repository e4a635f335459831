"""[P9] [P13] Bytes by their digest: kept once, never changed, never given out when they are not what was put."""

import hashlib
import os
import stat
from pathlib import Path

import grimp
import pytest

from tre.records.errors import NotInVault, VaultDamaged, VaultRefused
from tre.records.vault.documents import Documents
from tre.records.vault.quarantine import Quarantine
from tre.records.vault.release import ReleaseDoor
from tre.records.vault.released import Released
from tre.records.vault.shelf import Shelf

CONTENT = b"sex,count\nF,125\nM,130\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OTHER = "0" * 64


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine")


def kept(folder: Path) -> Path:
    (file,) = (path for path in folder.rglob("*") if path.is_file())
    return file


def overwrite(file: Path, content: bytes) -> None:
    """What only an administrator, or a failing disk, can do."""
    file.chmod(0o600)
    file.write_bytes(content)


def test_what_is_put_comes_back(quarantine: Quarantine) -> None:
    assert quarantine.put(CONTENT) == DIGEST
    assert quarantine.has(DIGEST)
    assert quarantine.get(DIGEST) == CONTENT
    with quarantine.open(DIGEST) as file:
        assert file.read() == CONTENT


def test_a_file_is_copied_in_and_its_original_left_alone(quarantine: Quarantine, tmp_path: Path) -> None:
    original = tmp_path / "table.csv"
    original.write_bytes(CONTENT)
    assert quarantine.put(original) == DIGEST
    overwrite(original, b"something else")
    assert quarantine.get(DIGEST) == CONTENT


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_any_size_comes_back(quarantine: Quarantine, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert quarantine.get(quarantine.put(content)) == content


def test_putting_it_again_changes_nothing(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.put(CONTENT)
    before = kept(tmp_path / "quarantine").stat()
    assert quarantine.put(CONTENT) == DIGEST
    after = kept(tmp_path / "quarantine").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_files_are_read_only_and_folders_private(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.put(CONTENT)
    file = kept(tmp_path / "quarantine")
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (file.parent, file.parent.parent)} == {0o700}


@pytest.mark.parametrize("changed", [b"", CONTENT[:-1], CONTENT + b"\n", CONTENT.replace(b"125", b"126")])
def test_changed_bytes_are_not_given_out_by_any_door(
    quarantine: Quarantine, tmp_path: Path, changed: bytes
) -> None:
    quarantine.put(CONTENT)
    overwrite(kept(tmp_path / "quarantine"), changed)
    for door in (quarantine.get, quarantine.open):
        with pytest.raises(VaultDamaged) as caught:
            door(DIGEST)
        assert caught.value.digest == DIGEST


def test_putting_again_what_was_damaged_says_so_and_keeps_the_evidence(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    quarantine.put(CONTENT)
    overwrite(kept(tmp_path / "quarantine"), b"changed")
    with pytest.raises(VaultDamaged):
        quarantine.put(CONTENT)
    assert kept(tmp_path / "quarantine").read_bytes() == b"changed"


def test_what_was_never_put_is_not_there(quarantine: Quarantine) -> None:
    assert not quarantine.has(OTHER)
    with pytest.raises(NotInVault) as caught:
        quarantine.get(OTHER)
    assert caught.value.fix


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "A" * 64, DIGEST + "\n", DIGEST[:-1], ".incoming-x"]
)
def test_only_a_digest_names_anything(quarantine: Quarantine, name: str) -> None:
    with pytest.raises(VaultRefused, match="not-a-digest"):
        quarantine.get(name)


def test_a_link_in_the_place_of_a_file_is_not_followed(quarantine: Quarantine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(CONTENT)
    quarantine.put(CONTENT)
    file = kept(tmp_path / "quarantine")
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(VaultDamaged):
        quarantine.get(DIGEST)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_plain_file_is_not_taken_in(quarantine: Quarantine, tmp_path: Path, kind: str) -> None:
    offered = tmp_path / "offered"
    if kind == "link":
        offered.symlink_to("/etc/hostname")
    elif kind == "folder":
        offered.mkdir()
    else:
        os.mkfifo(offered)
    with pytest.raises(VaultRefused, match="not-a-plain-file"):
        quarantine.put(offered)
    assert not [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()]


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_shelf_that_others_can_look_into_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(VaultRefused, match="vault-exposed"):
        Documents(folder)


def test_a_shelf_is_not_a_link_to_another_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(VaultRefused, match="vault-exposed"):
        Quarantine(tmp_path / "link")


def test_a_put_that_fails_leaves_nothing_behind(quarantine: Quarantine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        quarantine.put(tmp_path / "absent")
    assert not [*(tmp_path / "quarantine").rglob("*")]


def test_a_release_copies_the_signed_bytes_out_and_twice_is_once(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    quarantine.put(CONTENT)
    door, released = ReleaseDoor(quarantine, tmp_path / "released"), Released(tmp_path / "released")
    assert not released.has(DIGEST)
    door.release(DIGEST)
    door.release(DIGEST)
    assert released.get(DIGEST) == CONTENT
    assert quarantine.get(DIGEST) == CONTENT


def test_changed_bytes_do_not_leave(quarantine: Quarantine, tmp_path: Path) -> None:
    quarantine.put(CONTENT)
    overwrite(kept(tmp_path / "quarantine"), CONTENT.replace(b"125", b"  3"))
    door, released = ReleaseDoor(quarantine, tmp_path / "released"), Released(tmp_path / "released")
    with pytest.raises(VaultDamaged):
        door.release(DIGEST)
    assert not released.has(DIGEST)


def test_a_stream_that_is_not_what_it_was_called_is_not_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "released", "released")
    (tmp_path / "file").write_bytes(CONTENT)
    with (tmp_path / "file").open("rb") as stream, pytest.raises(VaultDamaged):
        shelf.receive(stream, OTHER)
    assert not [path for path in (tmp_path / "released").rglob("*") if path.is_file()]


def test_what_was_never_signed_off_cannot_be_fetched_from_the_released_shelf(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    quarantine.put(CONTENT)
    with pytest.raises(NotInVault):
        Released(tmp_path / "released").get(DIGEST)


def test_the_released_door_leads_to_no_other_shelf() -> None:
    graph = grimp.build_graph("tre", "job_specs", "sandboxes", "output_checks", cache_dir=None)
    reached = graph.find_downstream_modules("tre.records.vault.quarantine")
    assert "tre.records.vault.release" in reached
    assert not {"tre.records.vault.released", "tre.records.vault.documents", "tre.records.ledger"} & reached
