"""Every health check passes on a site that is well, and is shown to fail when its fault is planted [P3] [P4] [P6] [P13]."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from sandboxes.model import Wall
from sandboxes.preflight import Report, Tried
from tests.torture.stand import begin, hands, review, tre_says, write_study
from tre.custody.decide import decide
from tre.custody.policies import POLICIES
from tre.health.checks import CHECKS, Eyes, Found, StoreTold, look, note_tables
from tre.main import Opening
from tre.records.site import load_site
from tre.service import By

WALL = Wall("no-network", "a program could send what it reads", "none")
WELL = Report(
    "docker", {"engine": "1"}, (), (WALL,), (), {"sql": "x"}, (Tried("sql", "no-network", "tcp", False),), ()
)
ROWS = {"patients": 1000, "covid_tests": 5000}
Plant = Callable[[Eyes, Path], Eyes]


@pytest.fixture(scope="module")
def well_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a release, a checkpoint and a backup."""
    folder = tmp_path_factory.mktemp("health")
    site = folder / "site"
    study = begin(site)
    made = write_study(folder / "study", "table", 1, 0)
    tre_says(site, "--as", "ada", "job", "submit", str(made), "--study", study)
    tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    review(house)
    house.service.ledger.close()
    tre_says(site, "worker", "run", "--until-idle")
    tre_says(site, "ledger", "checkpoint")
    tre_says(site, "--as", "eve", "backup", "make", str(folder / "copy"))
    return site


@pytest.fixture
def site(well_site: Path, tmp_path: Path) -> Path:
    return shutil.copytree(well_site, tmp_path / "site", symlinks=True)


def real_eyes(site: Path) -> Eyes:
    opening = Opening(site, hands(site))
    return opening.eyes(By(load_site(site).person("eve"), hands(site).clock()))


def eyes_of(site: Path) -> Eyes:
    eyes = real_eyes(site)
    told = (StoreTold("tpp", "", eyes.now.date(), ROWS),)
    return replace(eyes, host=lambda: WELL, stores=lambda: told)


def found(eyes: Eyes, check: str) -> Found:
    (one,) = (each for each in look(eyes, CHECKS) if each.check == check)
    eyes.seals.ledger.close()
    return one


def test_a_site_that_is_well_passes_every_check(site: Path) -> None:
    eyes = eyes_of(site)
    assert [each for each in look(eyes, CHECKS) if not each.healthy] == []
    assert len({each.check for each in look(eyes, CHECKS)}) == len(CHECKS)
    eyes.seals.ledger.close()


def test_the_real_eyes_see_the_real_stores_and_disk(site: Path) -> None:
    eyes = real_eyes(site)
    (store,) = eyes.stores()
    assert store.backend == "tpp"
    assert store.rows
    assert store.rows["patients"] > 100
    assert eyes.free_gb() > 0
    assert eyes.engine()
    eyes.seals.ledger.close()


# -- the faults ------------------------------------------------------------------------------------------------------


def altered(eyes: Eyes, _site: Path) -> Eyes:
    with eyes.seals.ledger.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER events_never_change"))
        connection.execute(text("UPDATE events SET actor = 'mallory' WHERE position = 2"))
    return eyes


def daybook_altered(eyes: Eyes, _site: Path) -> Eyes:
    with eyes.seals.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE daybook SET actor = 'mallory' WHERE position = 1"))
    return eyes


def no_checkpoint(eyes: Eyes, site: Path) -> Eyes:
    shutil.rmtree(site / "checkpoints")
    return eyes


def later(eyes: Eyes, _site: Path) -> Eyes:
    return replace(eyes, now=eyes.now + timedelta(days=9))


def earlier(eyes: Eyes, _site: Path) -> Eyes:
    return replace(eyes, now=eyes.now - timedelta(days=1))


def release_altered(eyes: Eyes, site: Path) -> Eyes:
    (path,) = site.glob("releases/*/output/*.csv")
    path.chmod(0o644)
    path.write_text("sex,region,people\nfemale,region 0,3\n")
    return eyes


def rule_gone(eyes: Eyes, _site: Path) -> Eyes:
    without = tuple(policy for policy in POLICIES if policy.name != "approval_is_live")
    return replace(eyes, decide=partial(decide, policies=without))


def wall_open(eyes: Eyes, _site: Path) -> Eyes:
    report = replace(WELL, tried=(Tried("sql", "no-network", "tcp", True),))
    return replace(eyes, host=lambda: report)


def image_silent(eyes: Eyes, _site: Path) -> Eyes:
    return replace(eyes, host=lambda: replace(WELL, silent=("sql",)))


def old_kernel(eyes: Eyes, _site: Path) -> Eyes:
    return replace(eyes, host=lambda: replace(WELL, holes=("kernel 4.4: CVE-2022-0847",)))


def engine_away(eyes: Eyes, _site: Path) -> Eyes:
    def nothing() -> dict[str, str]:
        raise ConnectionError

    return replace(eyes, engine=nothing)


def stores(*told: StoreTold) -> Plant:
    return lambda eyes, _site: replace(eyes, stores=lambda: told)


def drifted(rows: dict[str, int]) -> Plant:
    def plant(eyes: Eyes, _site: Path) -> Eyes:
        note_tables(eyes, "eve")
        return replace(eyes, stores=lambda: (StoreTold("tpp", "", eyes.now.date(), rows),))

    return plant


def key_exposed(eyes: Eyes, site: Path) -> Eyes:
    (site / "keys" / "signing.key").chmod(0o644)
    return eyes


def disk_full(eyes: Eyes, _site: Path) -> Eyes:
    return replace(eyes, free_gb=lambda: 0.1)


def slow(eyes: Eyes, _site: Path) -> Eyes:
    for seconds in (10.0, 11.0, 9.0, 10.0, 90.0):
        eyes.daybook.note("health-job", actor="eve", at=eyes.now, facts={"seconds": seconds})
    return eyes


FAULTS: list[tuple[str, str, Plant]] = [
    ("an event was altered", "ledger", altered),
    ("an entry was altered", "daybook", daybook_altered),
    ("the checkpoints are gone", "checkpoint", no_checkpoint),
    ("the checkpoint is old", "checkpoint", later),
    ("a release was altered", "releases", release_altered),
    ("the rule that guards approvals is gone", "lapsed-approval", rule_gone),
    ("a wall is open", "walls", wall_open),
    ("an image's tries did not come back", "walls", image_silent),
    ("the kernel is old", "kernel", old_kernel),
    ("the engine is away", "engine-answers", engine_away),
    ("the opt-out list is old", "stores", stores(StoreTold("tpp", "", date(2020, 1, 1), ROWS))),
    ("a store was altered", "stores", stores(StoreTold("tpp", fault="a file is not the one that was built"))),
    ("a table lost half its rows", "tables", drifted({"patients": 500, "covid_tests": 5000})),
    ("a table is gone", "tables", drifted({"patients": 1000})),
    ("the backup is old", "backup", later),
    ("a key can be read by others", "keys", key_exposed),
    ("the disk is full", "disk", disk_full),
    ("the clock went back", "clock", earlier),
    ("a round trip is slow", "round-trip", slow),
]


@pytest.mark.parametrize(
    ("check", "plant"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_check_fails_when_its_fault_is_planted_and_says_what_to_do(
    site: Path, check: str, plant: Plant
) -> None:
    one = found(plant(eyes_of(site), site), check)
    assert not one.healthy
    assert one.fix or check == "engine-answers"


def test_no_check_is_without_a_planted_fault(site: Path) -> None:
    eyes = eyes_of(site)
    checks = {each.check for each in look(eyes, CHECKS)}
    eyes.seals.ledger.close()
    assert checks - {"engine"} == {check for _, check, _ in FAULTS} - {"engine-answers"}


def test_the_board_says_what_fell_ill_and_what_is_well_again(site: Path) -> None:
    key = next(path for path in (site / "keys").rglob("*.key") if path.name != "signing.key")
    key.chmod(0o640)
    with pytest.raises(RuntimeError, match="ended with 10"):
        tre_says(site, "--as", "eve", "doctor")
    key.chmod(0o600)
    with_disk = tre_says(site, "--as", "eve", "doctor")
    assert with_disk["healthy"]
    newest, before = tre_says(site, "health", "board")[:2]
    assert "keys fell ill" in before["changed"]
    assert "keys is well again" in newest["changed"]


def test_only_a_maintainer_examines(site: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        tre_says(site, "--as", "ada", "doctor")
