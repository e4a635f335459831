"""With the guard absent, the walls behind it hold: each attack is tried with the readings on, and with the readings off [P8]."""

# ruff: noqa: S608 - the attacks are SQL put together on purpose
import json
import sys

import duckdb
import pytest

from tre.data.engine import query, readings, walls

TABLES = {"patients": ["patient_id", "sex"]}
STORE = "store_0.main"

ATTACKS = {
    "copy out": "COPY patients TO '{out}/stolen.csv'",
    "copy in a part": "WITH t AS (COPY (SELECT 1) TO '{out}/stolen.csv') SELECT 1 AS n",
    "delete in a part": "WITH t AS (DELETE FROM patients RETURNING *) SELECT count(*) AS n FROM t",
    "insert in a part": "WITH t AS (INSERT INTO patients VALUES (NULL, NULL) RETURNING *) SELECT count(*) AS n FROM t",
    "bytes of the store": "SELECT count(*) AS n FROM read_blob('{file}')",
    "text of a file": "SELECT count(*) AS n FROM read_text('/etc/hostname')",
    "csv of a file": "SELECT count(*) AS n FROM read_csv('/etc/hostname')",
    "a file by its name": "SELECT count(*) AS n FROM '/etc/hostname'",
    "the store by the back door": "SELECT count(*) AS n FROM read_duckdb('{file}', table_name = 'patients')",
    "files by pattern": "SELECT count(*) AS n FROM glob('/*')",
    "attach": "ATTACH '{file}' AS again (READ_ONLY)",
    "two statements": "SELECT 1 AS n; SELECT 2 AS n",
    "settings": "SET threads = 64",
    "settings unlocked": "SET lock_configuration = false",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "pragma": "PRAGMA database_list",
    "call": "CALL pragma_version()",
    "export": "EXPORT DATABASE '{out}/stolen'",
    "query()": f"SELECT count(*) AS n FROM query('SELECT * FROM {STORE}.clinical_events')",
    "query_table()": f"SELECT count(*) AS n FROM query_table('{STORE}.clinical_events')",
    "another table": "SELECT count(*) AS n FROM clinical_events",
    "another table with its schema": f"SELECT count(*) AS n FROM {STORE}.clinical_events",
    "another column": "SELECT count(ethnicity) AS n FROM patients",
    "another column with its schema": f"SELECT count(DISTINCT ethnicity) AS n FROM {STORE}.patients",
    "another column as a filter": f"SELECT count(*) AS n FROM {STORE}.patients WHERE ethnicity = 'White'",
    "a name that hides a table": f"WITH patients AS (SELECT * FROM {STORE}.patients) SELECT count(ethnicity) AS n FROM patients",
    "the catalogue": "SELECT count(*) AS n FROM duckdb_tables()",
    "the catalogue's view": "SELECT count(*) AS n FROM information_schema.tables",
    "the catalogue by its old name": "SELECT count(*) AS n FROM sqlite_master",
    "the settings as a table": "SELECT count(*) AS n FROM duckdb_settings()",
    "summary": "SUMMARIZE patients",
    "summary inside": "SELECT count(*) AS n FROM (SUMMARIZE patients)",
    "show inside": "SELECT count(*) AS n FROM (SHOW ALL TABLES)",
    "storage": "SELECT count(*) AS n FROM pragma_storage_info('patients')",
    "a raised error": "SELECT error(sex) AS n FROM patients",
    "a setting's value": "SELECT current_setting('threads') AS n",
    "statistics": "SELECT max(stats(sex)) AS n FROM patients",
    "a long sleep": "SELECT sleep_ms(100000) AS n",
    "explain analyse": "EXPLAIN ANALYZE SELECT count(*) AS n FROM patients",
    "a macro": "CREATE MACRO m() AS TABLE SELECT 1",
    "a python variable": "SELECT count(*) AS n FROM content",
    "another time": "SELECT count(*) AS n FROM patients AT (VERSION => 1)",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_without_the_guard_the_engine_still_refuses(ask, store, tmp_path, attack):
    before = store.files["core"].stat()
    answer = ask(
        attack.format(file=store.files["core"], out=tmp_path), tables=TABLES, columns=["n"], apart=False
    )
    assert answer.code == 1
    assert answer.report["status"] in {"refused", "error"}
    assert not (answer.out / "answer.csv").exists()
    assert not list(tmp_path.glob("stolen*"))
    assert store.files["core"].stat() == before


# What DuckDB's own lock stops with every reading of ours switched off. The rest of the attacks read what is mounted, or
# tell what is harmless; they are stopped by the readings above, and by mounting approved groups alone.
LOCKED = [
    "copy out",
    "copy in a part",
    "delete in a part",
    "insert in a part",
    "bytes of the store",
    "text of a file",
    "csv of a file",
    "a file by its name",
    "the store by the back door",
    "files by pattern",
    "attach",
    "settings",
    "settings unlocked",
    "install",
    "load",
    "export",
]


@pytest.fixture
def locked(store):
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{store.files['core']}' AS store_0 (READ_ONLY)")
        connection.execute("CREATE VIEW patients AS SELECT patient_id, sex FROM store_0.main.patients")
        walls.lock(connection, {"memory_bytes": 512 << 20, "threads": 1, "seconds": 5, "spill": None})
        yield connection


@pytest.mark.parametrize("name", LOCKED)
def test_without_the_guard_and_the_readings_the_lock_still_holds(locked, store, tmp_path, name):
    with pytest.raises(duckdb.Error):
        locked.execute(ATTACKS[name].format(file=store.files["core"], out=tmp_path)).fetchall()
    assert not list(tmp_path.glob("stolen*"))


# Shapes of honest questions: each makes DuckDB plan another way, and every way must be let through.
HONEST = [
    "SELECT sex, count(*) FROM patients GROUP BY sex",
    "SELECT count(*) FROM patients WHERE sex IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k')",
    "SELECT x, count(*) FROM patients JOIN (VALUES ('male', 1), ('female', 2)) AS v(sex, x) USING (sex) GROUP BY x",
    "SELECT count(*) FROM patients WHERE false",
    "SELECT (SELECT count(*) FROM patients AS q WHERE q.sex = p.sex AND q.patient_id < p.patient_id) AS n FROM patients AS p",
    "SELECT count(*) FROM patients AS p WHERE EXISTS (SELECT 1 FROM patients AS q WHERE q.patient_id > p.patient_id)",
    "SELECT count(*) FROM patients AS p, LATERAL (SELECT count(*) FROM patients AS q WHERE q.sex < p.sex) AS t",
    "WITH x AS MATERIALIZED (SELECT * FROM patients) SELECT count(*) FROM x AS a JOIN x AS b USING (patient_id)",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n + 1 FROM r WHERE n < 5) SELECT count(*) FROM r, patients WHERE n > 3",
    "SELECT m, count(*) FROM patients, range(DATE '2020-01-01', DATE '2020-06-01', INTERVAL 1 MONTH) AS t(m) GROUP BY m",
    "SELECT unnest([1, 2]) AS x, count(*) FROM patients GROUP BY x",
    "SELECT count(*) FROM patients AS p LEFT JOIN LATERAL unnest([p.sex]) AS u(x) ON true",
    "SELECT sex FROM patients UNION SELECT sex FROM patients EXCEPT SELECT 'male' INTERSECT SELECT sex FROM patients",
    "SELECT sex, count(*) FROM patients GROUP BY CUBE (sex) HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 3",
    "SELECT sex, count(*) FROM patients GROUP BY GROUPING SETS ((sex), ())",
    "SELECT sex, quantile_cont(length(sex), 0.5) OVER (PARTITION BY sex) FROM patients QUALIFY row_number() OVER () < 3",
    "SELECT count(*) FROM patients WHERE length(sex) > (SELECT avg(length(sex)) FROM patients)",
    "SELECT DISTINCT ON (sex) sex, patient_id FROM patients ORDER BY sex, patient_id",
    "SELECT count(*) FROM patients AS a ASOF JOIN patients AS b ON a.sex = b.sex AND a.patient_id >= b.patient_id",
    "SELECT list(x) FROM (SELECT unnest(list_transform([1, 2], lambda y: y + 1)) AS x)",
    "SELECT count(*), min(sex), max(sex), count(DISTINCT patient_id) FROM patients TABLESAMPLE 50 PERCENT (bernoulli, 7)",
    "VALUES (1, 'a')",
]


@pytest.mark.parametrize("sql", HONEST)
def test_every_reading_lets_the_honest_question_through(locked, sql):
    names = {"store_0.main.patients": frozenset({"patient_id", "sex"})}
    readings.check_parsed(readings.parsed(locked, sql), frozenset({"patients"}))
    readings.check_planned(locked, sql, {}, names)
    assert locked.execute(sql).fetchall()


@pytest.mark.parametrize(
    "attack",
    [
        f"SELECT count(*) AS n FROM {STORE}.clinical_events",
        f"SELECT count(*) AS n FROM query('SELECT * FROM {STORE}.clinical_events')",
        f"SELECT count(*) AS n FROM query_table('{STORE}.clinical_events')",
        f"SELECT max(ethnicity) FROM {STORE}.patients",
        f"SELECT count(*) FROM {STORE}.patients WHERE ethnicity ILIKE '%w%'",
        f"SELECT count(DISTINCT snomedct_code) FROM {STORE}.clinical_events",
        f"FROM query('SELECT region FROM {STORE}.patients')",
        "SELECT * FROM duckdb_settings()",
        "SELECT count(*) AS n FROM duckdb_tables",
        f"SELECT p.sex FROM patients AS p JOIN {STORE}.patients AS q USING (patient_id) WHERE q.imd_quintile = 1",
    ],
)
def test_the_readings_of_the_plan_alone_find_another_table_or_column(locked, attack):
    names = {"store_0.main.patients": frozenset({"patient_id", "sex"})}
    with pytest.raises(query.Refused, match="planned"):
        readings.check_planned(locked, attack, {}, names)
    readings.check_planned(
        locked, "SELECT sex, count(*) FROM patients WHERE sex <> 'region' GROUP BY 1", {}, names
    )


def test_the_box_gets_the_files_of_the_approved_groups_and_no_others(store, catalogue):
    from tre.data.extract import request_for_aggregate  # noqa: PLC0415

    request = request_for_aggregate(
        store,
        catalogue,
        sql="SELECT 1 AS n",
        counting=None,
        columns={"n": "other"},
        parameters={},
        tables={"covid_tests": ["result"]},
        output="n.csv",
    )
    assert [bound.target for bound in request.inputs] == [
        "/data/covid_tests.duckdb",
        "/data/covid_tests.national.duckdb",
    ]
    content = json.loads(request.code["query.json"])
    assert content["tables"]["covid_tests"]["columns"] == ["patient_id", "result"]
    assert b"opted-out" not in request.code["query.json"]


def test_the_engine_imports_nothing_but_itself_the_standard_library_and_what_its_image_has():
    import ast  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    modules = sorted(Path(query.__file__).parent.glob("*.py"))
    nodes = [node for path in modules for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    outside = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert outside == {"duckdb", "pyarrow"}
    assert len(modules) > 5
