"""Every health check passes on a site that is well, and is shown to fail when its fault is planted [P3] [P4] [P6] [P13].

What is planted, and what is said then, is `tests/health/planted.py`; the page `docs/health-checks.md` is made from it.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sandboxes.docker import DockerRunner
from sandboxes.images import installed
from sandboxes.model import Wall
from sandboxes.preflight import Report, Tried, inspect_host
from sandboxes.profile import PROCEDURES, WALLS, Profile
from tests.health.planted import LOOKING, Fault
from tests.records.certificates_made import certificate, showing
from tests.torture.stand import begin, hands, review, tre_says, write_study
from tre.custody.decide import decide
from tre.custody.notices import Notice
from tre.custody.policies import POLICIES
from tre.dispatch.schedule import Gate
from tre.health import stores
from tre.health.checks import CHECKS, examine, look
from tre.health.chores import keep_house
from tre.health.eyes import Eyes
from tre.health.found import Found
from tre.main import Opening
from tre.records import seals
from tre.records.accounts import Accounts, Credentials
from tre.records.accounts.sealing import Sealing
from tre.records.certificates import Held, certificates_of
from tre.records.keys import create_key, secret_of
from tre.records.outbox import STUCK_AFTER
from tre.records.site import load_site
from tre.records.vault.quarantine import Quarantine
from tre.service import By

WALL = Wall("no-network", "a program could send what it reads", "none")
WELL = Report(
    "docker", {"engine": "1"}, (), (WALL,), (), {"sql": "x"}, (Tried("sql", "no-network", "tcp", False),), ()
)
LATER = timedelta(days=100)
"""By then an extract's time is over."""
Plant = Callable[[Eyes, Path, pytest.MonkeyPatch], Eyes]


@pytest.fixture(scope="module")
def well_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a release, a checkpoint, a backup, a second look at its store, and somebody who can be told."""
    folder = tmp_path_factory.mktemp("health")
    site = folder / "site"
    study = begin(site)
    people = (site / "people.toml").read_text()
    for name in ("eve", "gus"):
        people = people.replace(f"[{name}]", f'[{name}]\nemail = "{name}@example.org"')
    (site / "people.toml").write_text(people)
    with (site / "site.toml").open("a") as file:
        file.write(
            '\n[notices]\nmail = { host = "127.0.0.1", port = 9, sender = "tre@example.org", start_tls = false }\n'
        )
    made = write_study(folder / "study", "table", 1, 0)
    tre_says(site, "--as", "ada", "job", "submit", str(made), "--study", study)
    tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    review(house)
    house.service.ledger.close()
    tre_says(site, "worker", "run", "--until-idle")
    tre_says(site, "ledger", "checkpoint")
    tre_says(site, "--as", "eve", "retention", "run")
    tre_says(site, "--as", "eve", "backup", "make", str(folder / "copy"))
    return site


@pytest.fixture
def site(well_site: Path, tmp_path: Path) -> Path:
    return shutil.copytree(well_site, tmp_path / "site", symlinks=True)


def real_eyes(site: Path) -> Eyes:
    opening = Opening(site, hands(site))
    return opening.eyes(By(load_site(site).person("eve"), hands(site).clock()))


def eyes_of(site: Path) -> Eyes:
    """The real eyes; only the walls are not tried, because no box is real here."""
    return replace(real_eyes(site), host=lambda: WELL)


def found(eyes: Eyes, check: str) -> Found:
    (one,) = look(eyes, {check: CHECKS[check]})
    eyes.seals.ledger.close()
    return one


def test_a_site_that_is_well_passes_every_check(site: Path) -> None:
    eyes = eyes_of(site)
    stores.note_builds(eyes, "eve")
    told = look(eyes, CHECKS)
    assert [each for each in told if not each.healthy] == []
    assert [each.check for each in told] == list(CHECKS)
    eyes.seals.ledger.close()


# -- the faults ------------------------------------------------------------------------------------------------------


def engine_away(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    def nothing() -> dict[str, str]:
        raise ConnectionError

    return replace(eyes, engine=nothing)


def hosts(**changed: Any) -> Plant:
    return lambda eyes, _site, _patch: replace(eyes, host=lambda: replace(WELL, **changed))


def altered(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    with eyes.seals.ledger.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER events_never_change"))
        connection.execute(text("UPDATE events SET actor = 'mallory' WHERE position = 2"))
    return eyes


def cut_off(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    with eyes.seals.ledger.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER events_never_go"))
        connection.execute(text("DELETE FROM events WHERE position > 5"))
    return eyes


def daybook_altered(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    with eyes.seals.ledger.engine.begin() as connection:
        connection.execute(text("UPDATE daybook SET actor = 'mallory' WHERE position = 1"))
    return eyes


def no_checkpoint(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    shutil.rmtree(site / "checkpoints")
    return eyes


def by_days(days: int) -> Plant:
    return lambda eyes, _site, _patch: replace(eyes, now=eyes.now + timedelta(days=days))


def release_altered(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    (path,) = site.glob("releases/*/output/*.csv")
    path.chmod(0o644)
    path.write_text("sex,region,people\nfemale,region 0,3\n")
    return eyes


def another_key(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    return replace(eyes, seals=replace(eyes.seals, key=create_key(site / "another.key", bytes(range(32)))))


def no_digests(eyes: Eyes, _site: Path, patch: pytest.MonkeyPatch) -> Eyes:
    """A verifier that looks at the signature and not at the files."""

    def careless(place: Path, trusted: Any) -> dict[str, Any]:
        return {"verified": seals.open_envelope((place / seals.ENVELOPE).read_bytes(), trusted) is not None}

    patch.setattr(seals, "verify_release", careless)
    return eyes


def rule_gone(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    without = tuple(policy for policy in POLICIES if policy.name != "approval_is_live")
    return replace(eyes, decide=partial(decide, policies=without))


def lists_of(day: date) -> Plant:
    def plant(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
        (store,) = eyes.stores()
        return replace(eyes, stores=lambda: (replace(store, opt_outs=day),))

    return plant


def store_altered(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    path = next((site / "backends/tpp/store/current/").glob("*.duckdb")).resolve()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(0o444)
    return eyes


def store_resigned(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    path = (site / "backends/tpp/store/current/store.sig").resolve()
    path.chmod(0o644)
    path.write_text("00" * 64)
    return eyes


def build_before(change: Callable[[Mapping[str, int]], Mapping[str, int]]) -> Plant:
    """As if the build before had held these rows."""

    def plant(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
        (now,) = eyes.stores()
        rows = change(now.rows)
        before = replace(now, version=f"of-{sum(rows.values())}", rows=rows)
        stores.note_builds(replace(eyes, stores=lambda: (before,)), "eve")
        return eyes

    return plant


def key_exposed(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    (site / "keys" / "signing.key").chmod(0o644)
    return eyes


def studies_key_gone(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    (site / "keys" / "tpp" / "studies.v1.key").unlink()
    return eyes


def accounts_key_lost(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    """Somebody can sign in; then the key is lost, and whoever opens the site makes a new one."""
    key = site / "keys" / "accounts.key"
    accounts = Accounts.open(f"sqlite:///{site / 'accounts.db'}", Sealing(secret_of(key, b"")))
    accounts.enrol(Credentials("ada", "a hash", "JBSWY3DPEHPK3PXP"), (), 1)
    accounts.close()
    key.unlink()
    return eyes


def certificate_of_the_ledger(days: int, *, there: bool = True) -> Plant:
    """As if the ledger were on a server whose certificate was signed by one that is good for so long."""

    def plant(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
        signer = certificate(site, eyes.now + timedelta(days=days))
        if not there:
            signer.unlink()
        url = f"postgresql+psycopg://db.example/tre?sslmode=verify-full&sslrootcert={signer}"
        asked = replace(eyes.service.site, notices={})
        return replace(eyes, certificates=lambda: certificates_of(asked, url))

    return plant


def certificate_of_a_stranger(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    shown = certificate(site, eyes.now + timedelta(days=99))

    def look_now() -> tuple[Held, ...]:
        with showing(shown) as port:
            asked = replace(eyes.service.site, notices={"hook": f"https://localhost:{port}/"})
            return certificates_of(asked, "sqlite:////nowhere")

    return replace(eyes, certificates=look_now)


def backup_nowhere(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    (site / "a-file").touch()
    with (site / "site.toml").open("a") as file:
        file.write(f'\n[maintenance.chores]\nbackup_into = "{site}/a-file/copy"\n')
    assert the_watch_keeps_house(site, LATER) == ("retention", "backup")
    return eyes


def the_watch_keeps_house(site: Path, after: timedelta) -> tuple[str, ...]:
    """One round of chores, so long from now; what was tried."""
    opening = Opening(site, hands(site))
    post, by = opening.post(), By(load_site(site).person("eve"), hands(site).clock() + after)
    tried = keep_house(post.chores, post.daybook, by, Gate())
    opening._seals.ledger.close()
    return tuple(tried)


def retention_dies(eyes: Eyes, site: Path, patch: pytest.MonkeyPatch) -> Eyes:
    def die(*_args: object, **_more: object) -> bool:
        raise KeyboardInterrupt

    patch.setattr(Quarantine, "destroy", die)
    with pytest.raises(KeyboardInterrupt):
        the_watch_keeps_house(site, LATER)
    return replace(eyes, now=eyes.now + LATER)


def rows_lost(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    for digest in rows_of(eyes):
        next((site / "vault" / "quarantine").rglob(digest)).unlink()
    the_watch_keeps_house(site, LATER)
    return replace(eyes, now=eyes.now + LATER)


def rows_of(eyes: Eyes) -> list[str]:
    """The extracts of every request."""
    cases = [eyes.service.request(request) for request in eyes.service.request_ids()]
    return [each.digest for case in cases for each in case.outputs if each.path == "output/cohort.csv"]


def rows_put_back(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    (digest,) = rows_of(eyes)
    extract = next((site / "vault" / "quarantine").rglob(digest))
    content = extract.read_bytes()
    the_watch_keeps_house(site, LATER)
    assert not extract.exists()
    assert look(eyes, {"deletions": CHECKS["deletions"]})[0].healthy
    extract.write_bytes(content)
    return eyes


def deletion_by_a_stranger(eyes: Eyes, site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    the_watch_keeps_house(site, LATER)
    for name in ("signing.key", "signing.key.pub"):
        (site / "keys" / name).unlink()
    create_key(site / "keys" / "signing.key", bytes(range(32)))
    eyes.seals.ledger.close()
    return eyes_of(site)


def mail_refused(eyes: Eyes, _site: Path, _patch: pytest.MonkeyPatch) -> Eyes:
    """A message that no server takes: the port is closed, and time goes on."""
    eyes.outbox.add("a-message.eve", Notice("eve", "Something.", "", "/health"), at=eyes.now.isoformat())
    for tries in range(STUCK_AFTER):
        (message,) = eyes.outbox.due((eyes.now + timedelta(days=tries)).timestamp())
        assert message.id == "a-message.eve"
        eyes.outbox.failed(message, (eyes.now + timedelta(days=tries)).timestamp() - 86_400)
    return eyes


PLANTS: Mapping[tuple[str, str], Plant] = {
    ("engine", "the engine is away"): engine_away,
    ("engine", "no image is there"): lambda eyes, _s, _p: replace(eyes, engine=dict),
    ("walls", "an image's probes do not come back"): hosts(silent=("sql",)),
    ("walls", "no image is there"): hosts(images={}),
    ("kernel", "the kernel is old"): lambda eyes, _s, _p: replace(eyes, versions=lambda: {"kernel": "4.4.0"}),
    ("disk", "the disk is full"): lambda eyes, _s, _p: replace(eyes, free_gb=lambda: 0.1),
    ("clock", "the clock goes back by a day"): by_days(-1),
    ("keys", "a key may be read by others"): key_exposed,
    ("keys", "the accounts' key is another"): accounts_key_lost,
    ("keys", "the key that studies get theirs from is gone"): studies_key_gone,
    ("certificates", "a certificate ends in a week"): certificate_of_the_ledger(7),
    ("certificates", "a certificate's file is gone"): certificate_of_the_ledger(99, there=False),
    ("certificates", "a server shows one that nobody here trusts"): certificate_of_a_stranger,
    ("backup", "the folder for backups cannot be written to"): backup_nowhere,
    ("retention", "nine days pass"): by_days(9),
    ("retention", "a run dies half way"): retention_dies,
    ("retention", "an extract to be listed is not there"): rows_lost,
    ("deletions", "a deleted file is put back"): rows_put_back,
    ("deletions", "a certificate is signed by somebody else"): deletion_by_a_stranger,
    ("opt-out-list", "the opt-out list is old"): lists_of(date(2020, 1, 1)),
    ("opt-out-list", "the opt-out list is of tomorrow"): lists_of(date(2999, 1, 1)),
    ("stores", "a byte of a store is altered"): store_altered,
    ("stores", "a store is signed by somebody else"): store_resigned,
    ("ledger", "an event is altered"): altered,
    ("ledger", "its end is cut off"): cut_off,
    ("daybook", "an entry is altered"): daybook_altered,
    ("checkpoint", "the checkpoints are gone"): no_checkpoint,
    ("checkpoint", "nine days pass"): by_days(9),
    ("backup", "nine days pass"): by_days(9),
    ("messages", "a mail server refuses everything"): mail_refused,
    ("messages", "nobody has an address"): lambda eyes, _s, _p: replace(eyes, reachable=lambda _: False),
    ("messages", "nobody who watches has an address"): lambda eyes, _s, _p: replace(
        eyes, reachable=lambda person: person.id == "eve"
    ),
    ("releases", "a released file is altered"): release_altered,
    ("signing", "the signing key is another"): another_key,
    ("signing", "digests are not compared"): no_digests,
    ("lapsed-approval", "the rule that guards approvals is gone"): rule_gone,
    ("live-approval", "no legal basis is in force"): by_days(-365 * 10),
    ("tables", "a table loses half its rows"): build_before(
        lambda rows: {**rows, "patients": 2 * rows["patients"]}
    ),
    ("tables", "a table is gone"): build_before(lambda rows: {**rows, "no_such_table": 10}),
}
WITH_AN_ENGINE = ("walls", "one wall of a real box is taken down")


@pytest.mark.parametrize(
    "fault",
    [fault for fault in LOOKING if (fault.check, fault.planted) != WITH_AN_ENGINE],
    ids=lambda fault: f"{fault.check}: {fault.planted}",
)
def test_a_check_fails_when_its_fault_is_planted_and_says_what_to_do(
    site: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = PLANTS[fault.check, fault.planted]
    told = found(plant(eyes_of(site), site, monkeypatch), fault.check)
    assert fault.is_told_by(told), told


class Overconfident(DockerRunner):
    """Says that every wall stands, of an engine of which one image is tried."""

    def walls(self) -> tuple[Wall, ...]:
        return (*WALLS, *PROCEDURES)

    def missing_walls(self) -> tuple[Wall, ...]:
        return ()

    def images(self) -> dict[str, str]:
        return {"sql": installed()["sql"].content_id}


@pytest.mark.engine
def test_a_wall_of_a_real_box_that_is_taken_down_is_seen_from_inside(site: Path, tmp_path: Path) -> None:
    (fault,) = (each for each in LOOKING if (each.check, each.planted) == WITH_AN_ENGINE)
    for without, told_by in ((frozenset(), False), (frozenset({"network"}), True)):
        runner = Overconfident(state_dir=tmp_path / "boxes", site=Profile(without=without))
        report = inspect_host(runner, tmp_path / f"work-{len(without)}")
        told = found(replace(eyes_of(site), host=lambda report=report: report), "walls")
        assert fault.is_told_by(told) is told_by, told


def test_no_check_is_without_a_planted_fault() -> None:
    assert {fault.check for fault in LOOKING} == set(CHECKS)


def test_looking_twice_makes_nothing_well_and_accepting_its_words_does(site: Path) -> None:
    eyes = eyes_of(site)
    build_before(lambda rows: {**rows, "patients": 2 * rows["patients"]})(eyes, site, pytest.MonkeyPatch())
    by = By(load_site(site).person("eve"), eyes.now)
    for _ in range(2):
        assert not examine(eyes, by, quick=False)["healthy"]
    eyes.seals.ledger.close()
    tre_says(site, "--as", "eve", "health", "accept", "tables", "--why", "two practices left")
    accepted = found(eyes_of(site), "tables")
    assert accepted.healthy
    assert accepted.found.startswith("accepted by eve: tpp.patients")
    another = eyes_of(site)
    build_before(lambda rows: {**rows, "patients": 3 * rows["patients"]})(another, site, pytest.MonkeyPatch())
    assert not found(another, "tables").healthy, "in those words, and no others"


@pytest.mark.parametrize("check", ["walls", "opt-outs", "ledger", "kernel"])
def test_what_protects_a_patient_or_is_well_cannot_be_accepted(site: Path, check: str) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        tre_says(site, "--as", "eve", "health", "accept", check, "--why", "it is late")


def test_the_board_says_what_fell_ill_and_what_is_well_again(site: Path) -> None:
    key = next((site / "keys" / "tpp").glob("*.key"))
    key.chmod(0o640)
    with pytest.raises(RuntimeError, match="ended with 10"):
        tre_says(site, "--as", "eve", "doctor")
    assert tre_says(site, "health")["checks"][0]["check"] == "keys", "what is ill comes first"
    key.chmod(0o600)
    assert tre_says(site, "--as", "eve", "doctor")["healthy"]
    newest, before = tre_says(site, "health", "board")["looks"][:2]
    assert "keys fell ill" in before["changed"]
    assert "keys is well again" in newest["changed"]
    assert tre_says(site, "health")["healthy"]


def test_only_a_maintainer_examines(site: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        tre_says(site, "--as", "ada", "doctor")
