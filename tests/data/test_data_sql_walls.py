"""Promises: every attack of the notes is refused by the guard and, with no guard, by a wall behind it [P1] [P8].

`make docs` prints the same table as docs/sql-walls.md. What DuckDB can do changes with its versions: a table function that
is new is neither allowed nor in the table, and fails a test here.
"""

import json
from contextlib import contextmanager

import duckdb
import pytest

from job_specs.sql.guard import guard
from job_specs.sql.model import SqlRefused
from tests.sql.sql_scope import PARAMETERS, SCOPE
from tests.sql.sql_walls import CALMED, Attack, attacks
from tre.data.engine import walls
from tre.data.engine.query import Refused, read_query
from tre.data.engine.readings import TABLE_FUNCTIONS, Readings
from tre.data.engine.run import LACKED
from tre.data.extract import request_for_aggregate

ATTACKS = attacks()
TABLES = {"patients": ["patient_id", "sex"]}
LIMITS = {"memory_bytes": 512 << 20, "threads": 1, "seconds": 1, "rows": 1000, "clear": 20, "spill": None}


def named(attack: Attack) -> str:
    return f"{attack.place} {attack.sql[:70]}"


@pytest.fixture(scope="module")
def in_memory(store, catalogue):
    """The engine as it stands before a query, with no guard before it."""
    with _standing(store, catalogue, LIMITS) as made:
        yield made


@pytest.fixture(scope="module")
def with_disk(store, catalogue, tmp_path_factory):
    """The same, where the action asked for disk."""
    spill = {"directory": str(tmp_path_factory.mktemp("spill")), "bytes": 1 << 30}
    with _standing(store, catalogue, LIMITS | {"spill": spill}) as made:
        yield made


@contextmanager
def _standing(store, catalogue, limits):
    request = request_for_aggregate(
        store,
        catalogue,
        sql="",
        counting=None,
        columns={"n": "other"},
        parameters={},
        tables=TABLES,
        output="n.csv",
    )
    content = json.loads(request.code["query.json"]) | {"limits": limits, "absent": None}
    content["tables"]["patients"]["files"] = [str(store.files["core"])]
    query = read_query(content)
    with duckdb.connect(":memory:") as patients:
        names = walls.open_store(patients, query)
        walls.lock(patients, query.limits)
        yield Readings(patients, query, names)


@pytest.fixture
def tried(store, tmp_path):
    """An attack's text with real paths; afterwards nothing was taken and nothing changed."""
    file = store.files["core"]
    before = file.stat()
    yield lambda attack: attack.sql.replace("{file}", str(file)).replace("{out}", str(tmp_path))
    assert file.stat() == before
    assert not list(tmp_path.glob("stolen*"))
    assert not list(file.parent.glob("*.wal"))


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each.guard != CALMED], ids=named)
def test_the_guard_refuses_it(attack, tried):
    with pytest.raises(SqlRefused) as refused:
        guard(tried(attack), SCOPE, parameters=PARAMETERS)
    assert attack.guard in {problem.code for problem in refused.value.problems}


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each.guard == CALMED], ids=named)
def test_what_is_admitted_is_written_so_that_no_value_can_stop_it(attack, ask):
    guarded = guard(attack.sql, SCOPE, parameters=PARAMETERS)
    assert "TRY_CAST" in guarded.sql
    answer = ask(guarded.sql, tables=TABLES, columns=["n"], apart=False)
    assert answer.report["status"] == "ok"
    assert answer.rows("answer.csv") == [(None,)]


@pytest.mark.parametrize("attack", [each for each in ATTACKS if not each.by_class], ids=named)
def test_without_the_guard_the_engine_refuses_to_run_it(attack, in_memory, with_disk, tried):
    for readings in (in_memory, with_disk):
        with pytest.raises(Refused) as refused:
            readings.read(tried(attack))
        assert refused.value.rule == attack.engine


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each.by_class], ids=named)
def test_what_the_engine_does_run_ends_without_a_word_about_the_data(attack, ask, tried):
    answer = ask(tried(attack), tables=TABLES, columns=["n"], change={"limits": LIMITS})
    assert (answer.code, answer.printed) == (LACKED.get(attack.engine, 1), b"")
    assert answer.report == {"status": "error", "class": attack.engine, "line": None}
    assert not (answer.out / "answer.csv").exists()


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each.locked], ids=named)
def test_with_guard_and_readings_gone_the_lock_holds(attack, in_memory, tried):
    with pytest.raises(duckdb.Error):
        in_memory.patients.execute(tried(attack)).fetchall()


@pytest.mark.parametrize(
    "attack", [each for each in ATTACKS if each.locked and "{file}" not in each.sql], ids=named
)
def test_with_disk_the_lock_holds_all_but_the_attached_files(attack, with_disk, tried):
    """Those DuckDB keeps within reach, with the file system that it needs: docs/sql-walls.md says so."""
    with pytest.raises(duckdb.Error):
        with_disk.patients.execute(tried(attack)).fetchall()


def test_every_table_function_of_this_duckdb_is_allowed_or_in_the_table():
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')"
        )
        there = {str(row[0]) for row in rows.fetchall()}
    tried = {each.sql.removeprefix("SELECT count(*) AS n FROM ").removesuffix("()") for each in ATTACKS}
    assert there - TABLE_FUNCTIONS <= tried


def test_honest_sql_passes_the_same_walls(ask):
    guarded = guard("SELECT sex, count(*) AS n FROM patients GROUP BY sex", SCOPE)
    answer = ask(guarded.sql, tables=TABLES, columns=["sex", "n"], apart=False)
    assert answer.report["status"] == "ok"
    assert answer.rows("answer.csv")
