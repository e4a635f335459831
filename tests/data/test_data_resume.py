"""A build that is killed leaves the old store serving, and the next one goes on and completes; nothing is taken up on trust."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.corridor.planted import Planted
from tests.data.conftest import AT, SITE
from tre.data import building
from tre.data.errors import IngestRefused
from tre.data.ingest import ingest
from tre.data.publish import PLAN, STAGING
from tre.data.store import open_store
from tre.data.synth import synthesise

MOMENTS = 20
LATER = datetime(2026, 2, 1, tzinfo=UTC)
BUILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tre.data.ingest import ingest
from tre.data.pseudonyms import Key, Role
key = Key(Role.SITE, 1, "", bytes(range(32)))
print("begun", flush=True)
ingest(Path(sys.argv[1]), Path(sys.argv[2]), key=key, backend="tpp", at=datetime(2026, 2, 1, tzinfo=UTC))
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "supply.duckdb"
    synthesise(path, patients=250, seed=4, events_per_patient=15)
    return path


@pytest.fixture
def store_dir(small, tmp_path):
    ingest(small, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    return tmp_path / "store"


def started(small, store_dir):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", BUILD, str(small), str(store_dir)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout.readline() == b"begun\n"
    return process


def test_an_ingest_killed_at_twenty_random_moments_leaves_the_old_store_serving_and_the_next_completes(
    small, store_dir
):
    """Killed again and again on the same folder, wherever it had got to; then left alone."""
    before = open_store(store_dir).version
    began = time.monotonic()
    with started(small, store_dir.with_name("other")) as whole:
        assert whole.stdout.readline() == b"done\n"
    takes = time.monotonic() - began
    chance = random.Random(20)  # noqa: S311 - moments, not secrets
    unfinished = 0
    for _ in range(MOMENTS):
        with started(small, store_dir) as process:
            time.sleep(chance.uniform(0, takes * 0.8))
            process.send_signal(signal.SIGKILL)
        standing = open_store(store_dir)
        assert standing.version == before or standing.built_at == LATER
        unfinished += standing.version == before
        if standing.version != before:
            shutil.rmtree(store_dir / STAGING, ignore_errors=True)
            before = ingest(small, store_dir, key=SITE, backend="tpp", at=AT).version
    assert unfinished > MOMENTS // 4, "most moments must be before the end, or nothing is shown"
    with started(small, store_dir) as process:
        assert process.stdout.readline() == b"done\n"
    store = open_store(store_dir)
    assert store.built_at == LATER
    assert not (store_dir / STAGING).exists()
    assert [path.name for path in (store_dir / "versions").iterdir()] == [store.root.name]


class Stopped(BaseException):
    """As if the machine had gone, once some groups were finished."""


def stop_after(groups):
    def tell(what, done, _total):
        if what.startswith("building") and done == groups:
            raise Stopped

    return tell


def stopped(small, store_dir, groups=2, **changed):
    with pytest.raises(Stopped):
        ingest(small, store_dir, key=SITE, backend="tpp", at=LATER, progress=stop_after(groups), **changed)


def groups_built(monkeypatch):
    built = []
    real = building._build_group

    def counted(plan, group):
        built.append(group)
        return real(plan, group)

    monkeypatch.setattr(building, "_build_group", counted)
    return built


def test_the_next_build_takes_up_the_groups_that_were_finished(small, store_dir, monkeypatch, catalogue):
    stopped(small, store_dir)
    assert len(list((store_dir / STAGING).glob("*.finished.json"))) == 2
    built = groups_built(monkeypatch)
    made = ingest(small, store_dir, key=SITE, backend="tpp", at=LATER)
    assert built == list(catalogue.groups)[2:]
    store = open_store(store_dir)
    assert store.version == made.version
    assert not list(store.root.glob("*.finished.json")) + [store.root / PLAN] * (store.root / PLAN).exists()


def test_a_finished_file_that_was_altered_is_built_again(small, store_dir, monkeypatch, catalogue):
    stopped(small, store_dir)
    first = next(iter(catalogue.groups))
    path = store_dir / STAGING / f"{first}.duckdb"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    built = groups_built(monkeypatch)
    ingest(small, store_dir, key=SITE, backend="tpp", at=LATER)
    assert built[0] == first
    open_store(store_dir)


def test_a_note_that_lies_about_its_files_is_not_believed(small, store_dir, monkeypatch, catalogue):
    stopped(small, store_dir)
    first = next(iter(catalogue.groups))
    note = store_dir / STAGING / f"{first}.finished.json"
    told = json.loads(note.read_bytes())
    told["main"]["sha256"] = "0" * 64
    note.write_text(json.dumps(told))
    built = groups_built(monkeypatch)
    ingest(small, store_dir, key=SITE, backend="tpp", at=LATER)
    assert built[0] == first


@pytest.mark.parametrize("change", ["supply", "key", "list"])
def test_what_was_made_of_another_supply_key_or_list_is_thrown_away(
    small, store_dir, tmp_path, monkeypatch, change
):
    from tre.data.optouts import Kind, OptOutList  # noqa: PLC0415
    from tre.data.pseudonyms import Key, Role  # noqa: PLC0415

    stopped(small, store_dir)
    source, key, lists = small, SITE, {}
    if change == "supply":
        source = tmp_path / "again.duckdb"
        shutil.copy(small, source)
    elif change == "key":
        key = Key(Role.SITE, 2, "", bytes(range(1, 33)))
    else:
        day = (AT + timedelta(days=3)).date()
        lists = {"opt_outs": OptOutList("tpp", Kind.TYPE_1, day, frozenset({"9990000018"}))}
    built = groups_built(monkeypatch)
    ingest(source, store_dir, key=key, backend="tpp", at=LATER, **lists)
    assert len(built) == 5


def test_nothing_that_spilled_is_left_to_the_next_build(small, store_dir):
    stopped(small, store_dir)
    spill = store_dir / STAGING / "spill"
    spill.mkdir(exist_ok=True)
    (spill / "old.tmp").write_text("x")
    ingest(small, store_dir, key=SITE, backend="tpp", at=LATER)
    assert not list(store_dir.rglob("old.tmp"))


def test_what_is_built_at_rest_is_not_encrypted_because_the_engine_cannot_and_that_is_said(
    store_dir, tmp_path
):
    """When this goes red the engine has learnt to: then stores are to be encrypted."""
    import duckdb  # noqa: PLC0415

    with (
        duckdb.connect(":memory:") as connection,
        pytest.raises(duckdb.Error, match="read-only crypto module"),
    ):
        connection.execute(f"ATTACH '{tmp_path / 'x.duckdb'}' AS x (ENCRYPTION_KEY 'k')")
    assert open_store(store_dir).manifest["encrypted_by_engine"] is False


SPILLING = 32 << 20


@pytest.mark.parametrize("encrypted", [True, False], ids=["as it is", "control: not encrypted"])
def test_what_spills_for_want_of_memory_holds_no_identifier(tmp_path, monkeypatch, encrypted):
    """Every file of the spill is read while it is there. The control shows that there is something to find."""
    source = tmp_path / "supply.duckdb"
    synthesise(source, patients=6000, seed=3, events_per_patient=60)
    planted = Planted.in_supplies(source)
    assert planted.count > 10_000
    if not encrypted:
        monkeypatch.setattr("tre.data.ingest.ENCRYPTED_SPILL", "false")
    with watched(tmp_path / "store", planted) as seen:
        built = ingest(source, tmp_path / "store", key=SITE, backend="tpp", at=LATER, memory_bytes=SPILLING)
    assert built.rows["patients"] > 5000
    assert seen, "nothing spilled: nothing was shown"
    assert any(seen) is not encrypted


@contextmanager
def watched(store_dir, planted):
    """Whether an identifier is in each file of the spill, as often as one can look."""
    seen, ended = [], threading.Event()

    def look():
        while not ended.is_set():
            # A file, or the folder itself, may be gone by the time it is looked at.
            with suppress(OSError):
                seen.extend(planted.in_bytes(path.read_bytes()) for path in store_dir.rglob("spill/*"))
            time.sleep(0.01)

    looking = threading.Thread(target=look)
    looking.start()
    yield seen
    ended.set()
    looking.join()


def test_too_little_memory_is_said_as_that_and_not_as_a_fault_of_the_supply(small, tmp_path):
    with pytest.raises(IngestRefused) as refused:
        ingest(small, tmp_path / "store", key=SITE, backend="tpp", at=LATER, memory_bytes=3 << 20)
    assert refused.value.code == "ingest-out-of-memory"
