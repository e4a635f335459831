"""[P6] Nothing runs but under the lists of opt-outs that the ledger says are in force, whatever lies in a store's folder."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.corridor.conftest import DEMO, STUDY, Desk
from tre.cli.exits import Exit
from tre.cli.house import House
from tre.custody.errors import Refusal
from tre.data.errors import DataRefused
from tre.main import Hands

PATIENTS = 600
KILLED = """
import os, signal, sys
from tre.data import absent, ingest, publish
module, name = sys.argv[1].split(":")
there = {"absent": absent, "publish": publish}[module]
if name == "after":
    honest = ingest.publish
    def gone(*words, **more):
        honest(*words, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    ingest.publish = gone
else:
    setattr(there, name, lambda *_words, **_more: os.kill(os.getpid(), signal.SIGKILL))
from datetime import timedelta
from tre.cli.app import run_command_line
from tre.main import Hands, clock
hands = Hands(clock=lambda: clock() + timedelta(days=float(sys.argv[2])))
run_command_line(hands.wiring(), sys.argv[3:])
"""
"""A command that dies by the signal that cannot be caught, where the named function would have begun."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with both backends loaded, and a person of information governance with a key of her own."""
    place = tmp_path_factory.mktemp("lists")
    desk = Desk(place / "site")
    desk.tre("init")
    key = desk.tre("data", "opt-outs", "new-key", str(place / "fay.key"))["signing_key"]
    people = (DEMO / "people.toml").read_text()
    (desk.site / "people.toml").write_text(people.replace("[fay]\n", f'[fay]\nsigning_key = "{key}"\n'))
    for backend in ("tpp", "emis"):
        supply = str(place / f"{backend}.duckdb")
        desk.tre("synth", supply, "--patients", str(PATIENTS), "--profile", backend, "--events", "6")
        desk.tre("--as", "eve", "data", "ingest", supply, "--backend", backend)
    return place


@pytest.fixture
def place(both: Path, tmp_path: Path) -> Path:
    shutil.copytree(both, tmp_path / "own", symlinks=True)
    return tmp_path / "own"


@pytest.fixture
def desk(place: Path) -> Desk:
    """The site two weeks after it was loaded, so that lists of several days can be in force one after another."""
    return Desk(place / "site", ahead=timedelta(days=14))


@pytest.fixture
def waiting(desk: Desk) -> Callable[[], list[str]]:
    """Why the one job request that was submitted may not start, asked as a worker asks; nothing where it may."""
    request = desk.submitted()

    def ask() -> list[str]:
        service = house(desk).service
        first = service.request(request).jobs[0].action.name
        try:
            service.may_start(datetime.now(UTC) + desk.ahead, request, first)
        except (Refusal, DataRefused) as refused:
            return [refused.code]
        return []

    return ask


def some(place: Path, most: int) -> list[str]:
    with duckdb.connect(str(place / "tpp.duckdb"), read_only=True) as connection:
        query = "SELECT nhs_number FROM person_record ORDER BY 1 LIMIT ?"
        return [row[0] for row in connection.execute(query, [most]).fetchall()]


def signed(desk: Desk, place: Path, day: int, *, backend: str = "tpp", most: int = 20) -> Path:
    """A list of so many people, signed by information governance, of that many days after the site was loaded."""
    named, document = place / "numbers.txt", place / f"{backend}-{day}-{most}.json"
    named.write_text("\n".join(some(place, most)))
    dated = (datetime.now(UTC) + timedelta(days=day)).date().isoformat()
    words = ("--key", str(place / "fay.key"), "--into", str(document), "--as-of", dated, "--backend", backend)
    desk.tre("--as", "fay", "data", "opt-outs", "sign", str(named), *words)
    return document


def applied(desk: Desk, document: Path, *, ends: Exit = Exit.OK) -> None:
    desk.tre("--as", "eve", "data", "opt-outs", "apply", str(document), ends=ends)


def store_of(desk: Desk, backend: str = "tpp") -> Path:
    return desk.site / "backends" / backend / "store"


def set_aside(store: Path, name: str) -> Path:
    kept = store.parents[2] / name
    shutil.copytree(store, kept, symlinks=True)
    return kept


def put_back(kept: Path, store: Path) -> None:
    for folder in store.rglob("*"):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o700)
    shutil.rmtree(store)
    shutil.copytree(kept, store, symlinks=True)


def shows(desk: Desk) -> dict[str, bool]:
    lines = desk.tre("data", "opt-outs", "list")
    return {line["backend"]: line["store_shows_it"] for line in lines if line["kind"] == "type-1"}


def emptied(store: Path) -> None:
    """Everybody taken off the list, and what lies beside it made to fit, as who can write to the folder can."""
    told = json.loads((store / "absent.json").read_bytes())
    path = store / told["file"]
    for each in (path, store / "absent.json"):
        each.chmod(0o644)
    path.write_bytes(b"")
    fits = hashlib.sha256(b"tre/opt-outs/1").hexdigest()
    (store / "absent.json").write_text(json.dumps(told | {"list": fits}))


def deleted(store: Path) -> None:
    for path in store.glob("absent*"):
        path.unlink()


def shortened(store: Path) -> None:
    told = json.loads((store / "absent.json").read_bytes())
    path = store / told["file"]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[37:])


def made_older(store: Path) -> None:
    """Said to be of a day on which the store's own list is the newer one."""
    told = json.loads((store / "absent.json").read_bytes())
    (store / "absent.json").chmod(0o644)
    (store / "absent.json").write_text(json.dumps(told | {"as_of": "2020-01-01"}))


HARMS = {"deleted": deleted, "emptied": emptied, "shortened": shortened, "made older": made_older}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_a_list_that_is_deleted_or_altered_stops_every_start_until_it_is_applied_again(
    desk, place, waiting, harm
) -> None:
    document = signed(desk, place, 3)
    applied(desk, document)
    harm(store_of(desk))
    (why,) = waiting()
    assert why in {"opt-outs-not-in-force", "opt-outs-altered"}
    desk.tre("data", "verify", "tpp", ends=Exit.DATA)
    assert shows(desk) == {"tpp": False, "emis": True}
    applied(desk, document)
    assert shows(desk) == {"tpp": True, "emis": True}
    assert waiting() == []


def house(desk: Desk) -> House:
    """The house as the command line opens it."""
    return Hands().wiring().open_house(desk.site)


def test_an_older_list_put_back_in_the_place_of_the_newest_is_refused(desk, place, waiting) -> None:
    applied(desk, signed(desk, place, 3, most=10))
    older = set_aside(store_of(desk), "older")
    newest = signed(desk, place, 5)
    applied(desk, newest)
    put_back(older, store_of(desk))
    assert waiting() == ["opt-outs-not-in-force"]
    applied(desk, signed(desk, place, 4, most=12), ends=Exit.REFUSED)
    assert "opt-outs-older" in desk.said
    applied(desk, newest)
    assert waiting() == []


def test_of_two_lists_of_one_day_the_second_is_refused(desk, place) -> None:
    applied(desk, signed(desk, place, 3))
    applied(desk, signed(desk, place, 3, most=10), ends=Exit.REFUSED)
    assert "opt-outs-same-day" in desk.said
    applied(desk, signed(desk, place, 30), ends=Exit.REFUSED)
    assert "opt-outs-future" in desk.said
    assert shows(desk)["tpp"]


def test_the_whole_store_rolled_back_to_before_the_build_is_refused(desk, place, waiting) -> None:
    """The older store shows the list of its own day, and is whole, signed and read-only."""
    before = set_aside(store_of(desk), "before")
    newest = signed(desk, place, 3)
    supply = str(place / "tpp.duckdb")
    desk.tre("--as", "eve", "data", "ingest", supply, "--opt-outs", str(newest))
    assert shows(desk)["tpp"]
    put_back(before, store_of(desk))
    assert waiting() == ["opt-outs-not-in-force"]
    desk.tre("--as", "eve", "data", "ingest", supply, ends=Exit.REFUSED)
    assert "opt-outs-older" in desk.said, "the supply's own list is older than the one that was signed"
    applied(desk, newest, ends=Exit.REFUSED)
    assert "opt-outs-same-day" in desk.said, "more people were left out by the build than are on the list"
    desk.tre("--as", "eve", "data", "ingest", supply, "--opt-outs", str(newest))
    assert waiting() == []


def test_a_store_restored_from_a_backup_serves_where_its_list_is_in_force(desk, place, waiting) -> None:
    document = signed(desk, place, 3)
    applied(desk, document)
    backup = set_aside(store_of(desk), "backup")
    shutil.rmtree(backup.parent / "gone", ignore_errors=True)
    put_back(backup, store_of(desk))
    assert waiting() == []
    old = set_aside(store_of(desk, "emis"), "old")
    put_back(old, store_of(desk))
    assert shows(desk)["tpp"] is False, "another backend's store, whole, signed and of today"


def test_one_backends_list_says_nothing_of_the_other(desk, place, waiting) -> None:
    applied(desk, signed(desk, place, 3, backend="emis"))
    assert shows(desk) == {"tpp": True, "emis": True}
    deleted(store_of(desk, "emis"))
    assert shows(desk) == {"tpp": True, "emis": False}
    assert waiting() == []


def killed(desk: Desk, where: str, *words: str) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", KILLED, where, "14", "--site", str(desk.site), "--as", "eve", *words]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
    assert ended.returncode == -9, ended.stderr.decode()


@pytest.mark.parametrize("where", ["absent:list_digest", "absent:_write"])
def test_killed_while_a_list_is_applied_nothing_runs_until_it_is_applied_again(
    desk, place, waiting, where
) -> None:
    """On the ledger first, beside the store second: whoever dies in between has not let anybody back in."""
    document = signed(desk, place, 3)
    killed(desk, where, "data", "opt-outs", "apply", str(document))
    assert shows(desk)["tpp"] is False
    assert waiting() == ["opt-outs-not-in-force"]
    applied(desk, document)
    assert waiting() == []


def test_killed_around_the_swap_of_a_build_the_store_that_is_there_serves(desk, place, waiting) -> None:
    newest = signed(desk, place, 3)
    words = ("data", "ingest", str(place / "tpp.duckdb"), "--opt-outs", str(newest))
    killed(desk, "publish:manifest_digest", *words)
    assert waiting() == [], "the old store, under the list that is still in force"
    older = set_aside(store_of(desk), "older")
    killed(desk, "publish:after", *words)
    assert waiting() == [], "the new store, under the list that was announced"
    desk.tre("--as", "eve", *words)
    assert shows(desk)["tpp"]
    put_back(older, store_of(desk))
    assert shows(desk)["tpp"] is False


def test_a_ledger_restored_to_before_a_list_stops_every_start(desk, place, waiting) -> None:
    kept = {path: path.read_bytes() for path in desk.site.glob("ledger.db*")}
    document = signed(desk, place, 3)
    applied(desk, document)
    for path in desk.site.glob("ledger.db*"):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
    assert waiting() == ["opt-outs-not-in-force"]
    applied(desk, document)
    assert waiting() == []


def test_an_exemption_that_was_taken_back_does_not_come_back_with_its_file(desk, place, waiting) -> None:
    study = house(desk).service.study_ids()[-1]
    first, last = ((datetime.now(UTC) + timedelta(days=day)).date().isoformat() for day in (0, 28))
    words = ("--first", first, "--last", last, "--reason", "Named in the assessment.")
    key = ("--key", str(place / "fay.key"))
    exempt, nobody = place / "exempt.json", place / "nobody.json"
    desk.tre("--as", "fay", "data", "exempt", "sign", study, *key, "--into", str(exempt), *words)
    desk.tre("--as", "fay", "data", "exempt", "apply", str(exempt))
    assert [line["study"] for line in desk.tre("data", "exempt", "list")] == [study]
    words = ("--first", first, "--last", first, "--reason", "Another study.")
    desk.tre("--as", "fay", "data", "exempt", "sign", "another", *key, "--into", str(nobody), *words)
    desk.tre("--as", "fay", "data", "exempt", "apply", str(nobody))
    shutil.copy(exempt, desk.site / "governance" / "exempt-studies.json")
    desk.tre("data", "exempt", "list", ends=Exit.DATA)
    assert "opt-outs-not-in-force" in desk.said
    assert waiting() == ["opt-outs-not-in-force"]
    desk.tre("--as", "fay", "data", "exempt", "apply", str(nobody))
    assert waiting() == []


@pytest.mark.engine
@pytest.mark.slow
def test_a_list_applied_a_run_a_newer_list_a_run_and_none_once_it_is_deleted(desk, place) -> None:
    """The honest use, by the worker and in boxes; and the worker's own word where the list is gone."""
    applied(desk, signed(desk, place, 2, most=10))
    desk.submitted()
    assert desk.work() == []
    applied(desk, signed(desk, place, 3))
    desk.submitted(STUDY)
    assert desk.work() == []
    deleted(store_of(desk))
    desk.submitted(STUDY)
    assert [line["why"] for line in desk.work()] == ["opt-outs-not-in-force"]
    log = desk.tre("ledger", "log")
    assert [line["what"] for line in log].count("lists.put-in-force") == 2 + 2
    assert desk.tre("ledger", "verify")["verified"] is True
