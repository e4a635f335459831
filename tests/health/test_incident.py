"""A suspected breach in one command, by anybody; and a drill that stops nothing [P15]."""

import shutil
from pathlib import Path

import pytest

from tests.torture.stand import begin, hands, review, tre_says, write_study
from tre.custody.frozen import is_frozen, why_frozen
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage
from tre.records.backup import verify_backup
from tre.records.incidents import evidence, freezes


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    site = tmp_path_factory.mktemp("incident") / "site"
    study = begin(site)
    made = write_study(site.parent / "study", "table", 1, 0)
    request = tre_says(site, "--as", "ada", "job", "submit", str(made), "--study", study)["request"]
    tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    review(house)
    house.service.ledger.close()
    tre_says(site, "worker", "run", "--until-idle")
    return site, str(request)


@pytest.fixture
def site(released: tuple[Path, str], tmp_path: Path) -> Path:
    return shutil.copytree(released[0], tmp_path / "site", symlinks=True)


def test_one_command_recalls_suspends_tells_and_freezes(site: Path, released: tuple[Path, str]) -> None:
    request = released[1]
    told = tre_says(site, "--as", "ada", "incident", "report", request, "--why", "a name in a table")
    tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    case = house.service.request(request)
    assert case.stage is RequestStage.RECALLED
    assert house.service.study_of(case).stage is ApplicationStage.SUSPENDED
    assert told["told"] == ["gus"], "the people of the demonstration have one watcher"
    assert (site / "releases" / request / "RECALLED.txt").exists()
    assert not (site / "releases" / request / "output" / "table.csv").exists()
    frozen = Path(told["evidence"])
    assert verify_backup(frozen, house.seals.trusted).position == house.service.ledger.head().position
    assert any((frozen / "vault").rglob(case.offered[0].digest)), "the recalled bytes are kept as evidence"
    assert house.daybook.last("incident") is not None
    house.service.ledger.close()


def test_a_drill_freezes_evidence_and_stops_nothing(site: Path, released: tuple[Path, str]) -> None:
    told = tre_says(site, "--as", "eve", "incident", "drill")
    house = hands(site).wiring().open_house(site)
    assert house.service.request(released[1]).stage is RequestStage.RELEASED
    assert verify_backup(Path(told["evidence"]), house.seals.trusted).files > 0
    entry = house.daybook.last("incident")
    assert entry is not None
    assert entry.facts["drill"] is True
    house.service.ledger.close()


def test_what_is_frozen_stays_frozen_until_the_incident_is_closed(
    site: Path, released: tuple[Path, str]
) -> None:
    request = released[1]
    told = tre_says(site, "--as", "ada", "incident", "report", request, "--why", "a name in a table")
    house = hands(site).wiring().open_house(site)
    open_now = freezes(house.daybook)
    frozen = why_frozen(open_now, told["study"])
    assert frozen is not None
    assert frozen.incident == told["incident"]
    assert not is_frozen(open_now, "study-of-somebody-else")
    case = house.service.request(request)
    kept = evidence(house.seals.ledger, house.daybook)
    assert {output.digest for output in case.outputs} | {job.log for job in case.jobs} <= kept
    assert {file.digest for statement in case.statements for file in statement.files} <= kept
    assert {digest for each in case.offered for digest in (each.raw, each.digest, each.report)} <= kept
    house.daybook.note(
        "incident-closed", actor="gus", at=hands(site).clock(), facts={"incident": told["incident"]}
    )
    assert evidence(house.seals.ledger, house.daybook) == frozenset()
    house.service.ledger.close()


def test_a_drill_freezes_nothing(site: Path) -> None:
    tre_says(site, "--as", "eve", "incident", "drill")
    house = hands(site).wiring().open_house(site)
    assert freezes(house.daybook) == ()
    house.service.ledger.close()
