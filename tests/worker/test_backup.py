"""A backup is taken while the site works, is proved, and a site made from it on an empty machine goes on [P13]."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.torture.stand import begin, hands, tre_says, write_study
from tre.cli.backup import place_of
from tre.cli.house import Folders
from tre.custody.encoding import canonical
from tre.custody.requests import RequestStage
from tre.records.backup import PURPOSE, restore, verify_backup
from tre.records.durable import DRAFT
from tre.records.errors import BackupRefused


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A site with a finished and an unfinished job, its backup, and the unfinished job."""
    folder = tmp_path_factory.mktemp("backup")
    site, backup = folder / "site", folder / "copy"
    study = begin(site)
    submit(site, study, 1)
    tre_says(site, "worker", "run", "--until-idle")
    tre_says(site, "ledger", "checkpoint")
    request = submit(site, study, 2)
    house = hands(site).wiring().open_house(site)
    now = hands(site).clock()
    house.service.claim(now, request, action="cohort", image="sha256:" + "5" * 64, worker="worker")
    house.service.ledger.close()
    tre_says(site, "--as", "eve", "backup", "make", str(backup))
    return site, backup, request


def submit(site: Path, study: str, number: int) -> str:
    folder = write_study(site.parent / f"study-{number}", "table", number, 0)
    return str(tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)["request"])


def empty_machine(site: Path, new: Path) -> Path:
    """Another machine: the keys from where they are kept, the store from where it is built, and nothing else."""
    new.mkdir()
    for name in ("keys", "backends"):
        shutil.copytree(site / name, new / name, symlinks=True)
    return new


def test_a_site_restored_on_an_empty_machine_goes_on(
    backed_up: tuple[Path, Path, str], tmp_path: Path
) -> None:
    site, backup, request = backed_up
    new = empty_machine(site, tmp_path / "new")
    told = tre_says(new, "backup", "restore", str(backup))
    assert told["position"] == tre_says(site, "ledger", "verify")["events"]
    assert tre_says(new, "ledger", "verify")["witnessed"] > 0
    assert tre_says(new, "worker", "run", "--until-idle") == []
    house = hands(new).wiring().open_house(new)
    assert house.service.request(request).stage is RequestStage.CHECKED
    starts = [each for each in house.service.ledger.case_events(request) if each.kind == "request.started"]
    assert len(starts) == 2, (
        "the action that ran when the first machine was lost was started once, and run again"
    )
    house.service.ledger.close()


def test_a_restore_goes_over_nothing(backed_up: tuple[Path, Path, str]) -> None:
    site, backup, _ = backed_up
    with pytest.raises(RuntimeError, match="ended with 6"):
        tre_says(site, "backup", "restore", str(backup))


def test_a_second_backup_into_the_same_folder_is_of_the_newer_head(
    backed_up: tuple[Path, Path, str], tmp_path: Path
) -> None:
    site, backup, _ = backed_up
    again = shutil.copytree(backup, tmp_path / "again")
    tre_says(site, "--as", "eve", "backup", "make", str(again))
    assert (
        tre_says(site, "backup", "verify", str(again))["files"]
        >= tre_says(site, "backup", "verify", str(backup))["files"]
    )


def test_a_copy_that_a_loss_of_power_tore_is_taken_anew_by_the_next_run(
    backed_up: tuple[Path, Path, str], tmp_path: Path
) -> None:
    site, backup, _ = backed_up
    torn = shutil.copytree(backup, tmp_path / "torn")
    (copy,) = sorted((torn / "vault" / "quarantine").rglob("[0-9a-f]" * 64))[:1]
    copy.chmod(0o600)
    copy.write_bytes(copy.read_bytes()[:-1])
    (copy.parent / f"{DRAFT}half").write_bytes(b"half")
    tre_says(site, "--as", "eve", "backup", "make", str(torn))
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == copy.name
    assert not [*torn.rglob(f"{DRAFT}*")]
    tre_says(site, "backup", "verify", str(torn))


def test_a_backup_is_signed_when_all_of_it_is_on_the_disk(
    backed_up: tuple[Path, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, synced, signed = os.fsync, set[Path](), list[set[Path]]()

    def on_the_disk(handle: int) -> None:
        fsync(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        synced.add(path.with_name(path.name.removeprefix(DRAFT)))
        if path.name == f"{DRAFT}backup.sig":
            signed.append(set(synced))

    monkeypatch.setattr(os, "fsync", on_the_disk)
    tre_says(backed_up[0], "--as", "eve", "backup", "make", str(tmp_path / "copy"))
    told = json.loads((tmp_path / "copy" / "backup.json").read_bytes())
    assert len(told["files"]) > 10
    for path in (tmp_path / "copy" / name for name in told["files"]):
        assert {path, path.parent} <= signed[0]


@pytest.mark.parametrize("harm", ["altered", "missing", "added", "list", "unsigned"])
def test_a_backup_that_is_not_whole_is_refused(
    backed_up: tuple[Path, Path, str], tmp_path: Path, harm: str
) -> None:
    site, backup, _ = backed_up
    bad = shutil.copytree(backup, tmp_path / "bad")
    rows = bad / "rows" / "events.jsonl"
    if harm == "altered":
        rows.write_bytes(rows.read_bytes().replace(b"ada", b"eve", 1))
    elif harm == "missing":
        rows.unlink()
    elif harm == "added":
        (bad / "vault" / "more").write_bytes(b"x")
    elif harm == "list":
        told = json.loads((bad / "backup.json").read_bytes())
        (bad / "backup.json").write_text(json.dumps(told | {"position": 1}))
    else:
        (bad / "backup.sig").write_text("AAAA")
    house = hands(site).wiring().open_house(site)
    with pytest.raises(BackupRefused):
        verify_backup(bad, house.seals.trusted)
    house.service.ledger.close()


def test_a_backup_whose_vault_lacks_a_file_is_not_restored(
    backed_up: tuple[Path, Path, str], tmp_path: Path
) -> None:
    """Even one whose list says that it is whole."""

    site, backup, _ = backed_up
    house = hands(site).wiring().open_house(site)
    bad = shutil.copytree(backup, tmp_path / "bad")
    digest = house.service.request(house.service.request_ids()[0]).outputs[0].digest
    (gone,) = (bad / "vault" / "quarantine").rglob(digest)
    gone.unlink()
    told = json.loads((bad / "backup.json").read_bytes())
    del told["files"][gone.relative_to(bad).as_posix()]
    (bad / "backup.json").write_bytes(canonical(told))
    (bad / "backup.sig").write_text(house.seals.key.sign(canonical(told), purpose=PURPOSE))
    folders = Folders(tmp_path / "new")
    with pytest.raises(BackupRefused, match="lacks 1 file"):
        restore(bad, place_of(folders), folders.ledger_url, house.seals.trusted)
    house.service.ledger.close()
