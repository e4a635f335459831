"""`tre sql`: a researcher plays with guarded SQL on people who do not exist, and sees what the guard, the engine and time say."""

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from tre.cli.app import run_command_line
from tre.cli.exits import Exit
from tre.cli.house import Wiring
from tre.data.catalogue import catalogue_of
from tre.data.cost import LONGEST, at_scale, band
from tre.data.errors import Reason, TrialFailed
from tre.data.ingest import ingest
from tre.data.keyring import KeyRing
from tre.data.keys import make_keys, open_backend_key
from tre.data.progress import silent
from tre.data.rehearsal_store import Dummy, synthetic_store
from tre.data.store import Store, open_store
from tre.data.synth import synthesise
from tre.main import Hands

AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def wiring(tmp_path_factory: pytest.TempPathFactory) -> Wiring:
    """The command line over a small synthetic store."""
    place = tmp_path_factory.mktemp("synthetic")
    ring, store = KeyRing(place / "keys" / "tpp"), place / "store"
    (place / "keys").mkdir(mode=0o700)
    make_keys(KeyRing(place / "keys"), {"tpp": ring}, secrets.token_bytes(32), outside=(store,))
    synthesise(place / "supply.duckdb", patients=1000, seed=3, profile="tpp", opt_outs_as_of=AT.date())
    key = open_backend_key(ring, "tpp", outside=(store,))
    ingest(place / "supply.duckdb", store, key=key, backend="tpp", at=AT, catalogue=catalogue_of("tpp"))
    return replace(Hands().wiring(), synthetic=lambda _dummy, _tell: (store, ring))


@pytest.fixture
def tre_sql(wiring: Wiring, tmp_path: Path):
    def tried(text: str, *words: str) -> int:
        (tmp_path / "q.sql").write_text(text)
        return run_command_line(wiring, ["--json", "sql", str(tmp_path / "q.sql"), *words])

    return tried


def test_an_aggregate_is_answered_with_the_people_behind_each_row(tre_sql, capsys) -> None:
    sql = "SELECT sex, count(*) AS n FROM patients WHERE date_of_birth < $born GROUP BY sex"
    assert tre_sql(sql, "--param", "born=2000-01-01") == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["judged"]["verdict"] == "admitted"
    assert [row[1] for row in answer["rows"]] == answer["people"]
    assert "25,000,000 people" in answer["cost"]


def test_an_extract_shows_made_up_pseudonyms_and_only_as_many_rows_as_asked(tre_sql, capsys) -> None:
    assert tre_sql("SELECT patient_id, sex FROM patients", "--extract", "--rows", "3") == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["rows"]) == 3 < answer["rows_in_all"]
    assert answer["people"] == []


def test_tsql_is_answered_translated(tre_sql, capsys) -> None:
    assert tre_sql("SELECT COUNT_BIG(*) AS n FROM [patients]", "--dialect", "tsql") == Exit.OK
    assert "count(*)" in json.loads(capsys.readouterr().out)["judged"]["translated"].lower()


def test_what_the_guard_refuses_is_refused_here_with_its_mending(tre_sql, capsys) -> None:
    assert tre_sql("SELECT * FROM patients") == Exit.SPEC
    assert "Write the columns that are needed" in capsys.readouterr().err


def test_what_the_engine_cannot_do_is_said_by_class_with_a_hint(tre_sql, capsys) -> None:
    sql = "SELECT sum(imd_quintile * 9000000000000000000) AS n FROM patients"
    assert tre_sql(sql) == Exit.DATA
    said = capsys.readouterr().err
    assert "out of range" in said
    assert "DOUBLE" in said


def test_a_file_that_is_not_there_is_no_crash(wiring: Wiring, tmp_path: Path, capsys) -> None:
    assert run_command_line(wiring, ["sql", str(tmp_path / "none.sql")]) == Exit.SPEC
    assert "cannot be read" in capsys.readouterr().err


def test_a_cost_is_a_band_that_grows_with_the_people() -> None:
    assert (band(3), band(10**9)) == ("seconds", LONGEST)
    assert at_scale(1.1, people=1000, there=1000) == "seconds"
    assert at_scale(1.1, people=20_000, there=25_000_000) == "an hour or two"
    with pytest.raises(ValueError, match="people"):
        at_scale(1, people=0, there=5)


def test_dummy_people_are_as_many_as_are_asked_for_and_the_same_for_the_same_seed(tmp_path) -> None:
    """Made once for each size, seed and backend, and kept; the supply they came from is not."""

    def made(dummy: Dummy) -> Store:
        return open_store(synthetic_store(dummy, tmp_path, AT, chance=secrets.token_bytes, tell=silent)[0])

    asked = [Dummy("tpp", 300, 3, 5), Dummy("tpp", 300, 4, 5), Dummy("emis", 120, 3, 5)]
    stores = [made(dummy) for dummy in asked]
    people = [
        sum(file.rows.get("patients", 0) for part in store.parts.values() for file in part.values())
        for store in stores
    ]
    assert people == [300, 300, 120]
    assert [store.backend for store in stores] == ["tpp", "tpp", "emis"]
    again = made(asked[0])
    assert again.version == stores[0].version != stores[1].version
    assert not list(tmp_path.rglob("supply.duckdb*"))


def test_of_several_who_want_the_same_people_at_once_one_makes_them(tmp_path) -> None:
    chances: list[int] = []

    def chance(size: int) -> bytes:
        chances.append(size)
        return secrets.token_bytes(size)

    def made(_number: int) -> str:
        place, _ = synthetic_store(Dummy("tpp", 100, 3, 2), tmp_path, AT, chance=chance, tell=silent)
        return open_store(place).version

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(made, range(4)))) == 1
    assert len(chances) == 1


@pytest.mark.parametrize("command", ["sql", "run"])
def test_the_researcher_says_how_many_people_and_which(command, wiring: Wiring, tmp_path: Path) -> None:
    heard: list[Dummy] = []

    def stop(*words: object) -> NoReturn:
        heard.extend(word for word in words if isinstance(word, Dummy))
        raise TrialFailed(Reason("heard", "Heard.", "None."))

    (tmp_path / "q.sql").write_text("SELECT count(*) AS n FROM patients")
    asks = {"sql": str(tmp_path / "q.sql"), "run": str(tmp_path)}
    words = ("--backend", "emis", "--patients", "5000", "--seed", "11")
    run_command_line(replace(wiring, synthetic=stop, rehearse=stop), [command, asks[command], *words])
    assert heard == [Dummy("emis", 5000, 11)]
