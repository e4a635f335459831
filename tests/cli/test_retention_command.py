"""`tre retention`: what was kept long enough goes, with a certificate; what a release rests on stays; backups follow [P13] [P15]."""

import json
import shutil
from pathlib import Path

import pytest

from output_checks.ledger import Listed
from tests.torture.stand import CLOCK, begin, hands, review, tre_says, write_study
from tre.cli.backup import place_of
from tre.cli.house import Folders
from tre.main import Opening
from tre.records.backup import restore
from tre.records.bundle import ENVELOPE
from tre.records.dsse import open_envelope
from tre.records.retention import lists_of_people

DAY = 24 * 3600


@pytest.fixture(scope="module")
def given_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A site whose store was built twice, with one request that ran and was then cancelled; and its study."""
    site = tmp_path_factory.mktemp("retention") / "site"
    study = begin(site)
    supply = str(site.parent / "supply.duckdb")
    tre_says(site, "synth", supply, "--patients", "400", "--seed", "8")
    tre_says(site, "--as", "eve", "data", "ingest", supply)
    request = ran(site, study, 1)
    tre_says(site, "--as", "ada", "job", "cancel", request)
    tre_says(site, "--as", "eve", "backup", "make", str(site.parent / "backup"))
    return site, request, study


def ran(site: Path, study: str, number: int) -> str:
    made = write_study(site.parent / f"study-{number}", "table", number, 0)
    request = tre_says(site, "--as", "ada", "job", "submit", str(made), "--study", study)["request"]
    tre_says(site, "worker", "run", "--until-idle")
    return str(request)


@pytest.fixture
def site(given_up: tuple[Path, str, str], tmp_path: Path) -> Path:
    """That site, a hundred days later."""
    copied = shutil.copytree(given_up[0], tmp_path / "site", symlinks=True)
    (copied / CLOCK).write_text(str(100 * DAY), encoding="utf-8")
    return copied


def extract_of(site: Path, request: str) -> tuple[str, Path]:
    house = hands(site).wiring().open_house(site)
    case = house.service.request(request)
    house.service.ledger.close()
    digest = next(each.digest for each in case.outputs if each.path == "output/cohort.csv")
    return digest, site / "vault" / "quarantine" / digest[:2] / digest


def test_an_extract_goes_after_its_days_with_a_certificate(
    site: Path, given_up: tuple[Path, str, str], tmp_path: Path
) -> None:
    digest, extract = extract_of(site, given_up[1])
    assert extract.exists()
    told = tre_says(site, "retention", "show")
    assert told["kept"] == {"extracts": "90 days", "logs": "180 days", "outputs": "365 days"}
    assert told["due"] == {"extracts": 1, "stores": 1}
    assert tre_says(site, "--as", "eve", "retention", "run")["deleted"] == {"extracts": 1, "stores": 1}
    assert not extract.exists()
    assert tre_says(site, "retention", "verify") == {"verified": True, "certificates": 1, "files": 2}
    assert tre_says(site, "ledger", "verify")["verified"] is True
    (line,) = tre_says(site, "retention", "list")
    assert line["by"] == "eve"
    certificate = tmp_path / ENVELOPE
    tre_says(site, "retention", "export", str(line["position"]), "--into", str(certificate))
    house = hands(site).wiring().open_house(site)
    statement = json.loads(open_envelope(certificate.read_bytes(), house.seals.trusted) or b"")
    house.service.ledger.close()
    assert digest in {each["digest"]["sha256"] for each in statement["subject"]}
    assert tre_says(site, "--as", "eve", "retention", "run")["deleted"] == {}


def test_what_was_deleted_goes_from_the_backup_too_and_a_restore_is_proved(
    site: Path, given_up: tuple[Path, str, str], tmp_path: Path
) -> None:
    digest, _ = extract_of(site, given_up[1])
    backup = shutil.copytree(given_up[0].parent / "backup", tmp_path / "backup")
    assert list(backup.rglob(digest))
    tre_says(site, "--as", "eve", "retention", "run")
    tre_says(site, "--as", "eve", "backup", "make", str(backup))
    assert not list(backup.rglob(digest))
    assert tre_says(site, "backup", "verify", str(backup))
    house = hands(site).wiring().open_house(site)
    trusted = house.seals.trusted
    house.service.ledger.close()
    again = tmp_path / "again"
    restored = restore(backup, place_of(Folders(again)), f"sqlite:///{again / 'ledger.db'}", trusted)
    assert restored.position > 0


def test_while_an_incident_is_open_nothing_is_deleted(site: Path, given_up: tuple[Path, str, str]) -> None:
    _, extract = extract_of(site, given_up[1])
    incident = tre_says(site, "--as", "ada", "incident", "report", given_up[1], "--why", "A name.")[
        "incident"
    ]
    assert tre_says(site, "retention", "show")["frozen_by"] == [incident]
    with pytest.raises(RuntimeError, match="ended with"):
        tre_says(site, "--as", "eve", "retention", "run")
    assert extract.exists()


def test_only_a_maintainer_runs_it(site: Path, given_up: tuple[Path, str, str]) -> None:
    with pytest.raises(RuntimeError, match="ended with"):
        tre_says(site, "--as", "ada", "retention", "run")
    assert extract_of(site, given_up[1])[1].exists()


def lists_of(site: Path, request: str) -> list[Listed]:
    """What is remembered of a request that has left, by a house that has just been opened."""
    opening = Opening(site, hands(site))
    case = opening._service.request(request)
    found = [*opening._checks._memory("tpp").left(case)]
    opening._seals.ledger.close()
    return found


def people_of(site: Path) -> list[str]:
    opening = Opening(site, hands(site))
    found = [*lists_of_people(opening._seals.ledger).values()]
    opening._seals.ledger.close()
    assert found
    return found


def restored_from_backup(site: Path, name: str) -> Path:
    """The site again, made from a backup taken now."""
    backup, restored = site.parent / f"{name}.backup", site.parent / name
    tre_says(site, "--as", "eve", "backup", "make", str(backup))
    shutil.copytree(site / "keys", restored / "keys")
    tre_says(restored, "backup", "restore", str(backup))
    return restored


def test_rows_that_a_release_was_counted_from_go_and_who_is_behind_it_is_known_as_before(
    site: Path, given_up: tuple[Path, str, str]
) -> None:
    """[P10] The same rows, for another request of the study, from which a table has left: the lists of it stay."""
    (site / CLOCK).unlink()
    request = ran(site, given_up[2], 2)
    house = hands(site).wiring().open_house(site)
    review(house)
    house.service.ledger.close()
    tre_says(site, "worker", "run", "--until-idle")
    (site / CLOCK).write_text(str(400 * DAY), encoding="utf-8")
    digest, extract = extract_of(site, request)
    assert digest == extract_of(site, given_up[1])[0]
    before = lists_of(site, request)
    assert any(each.members for each in before)
    gone = tre_says(site, "--as", "eve", "retention", "run")["deleted"]
    assert gone.keys() >= {"logs", "stores", "extracts"}
    assert not extract.exists()
    assert lists_of(site, request) == before
    assert restored_from_backup(site, "whole").exists()
    for people in people_of(site):
        next((site / "vault").rglob(people)).unlink()
    with pytest.raises(RuntimeError, match="ended with"):
        restored_from_backup(site, "without the lists")
    assert tre_says(site, "release", "verify", str(site / "releases" / request))["verified"] is True
