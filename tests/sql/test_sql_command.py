"""Promises: the guard can be used alone, on a text and a scope, with no data anywhere near."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from job_specs.sql.command import sql_command
from job_specs.sql.explain import explain
from job_specs.sql.guard import guard, guard_extract
from job_specs.sql.model import SqlRefused, Units
from job_specs.sql.scope_file import ScopeUnreadable, read_scope
from job_specs.sql.units import units
from tests.sql.sql_scope import PARAMETERS, SCOPE

TOML = """
[parameters]
index_date = 2022-01-01

[tables.patients]
rows_are = "patients"
[tables.patients.columns]
patient_id = { type = "BIGINT", dimension = false }
sex = "VARCHAR"
born = { type = "DATE" }

[tables.events.columns]
patient_id = { type = "BIGINT", dimension = false }
day = "DATE"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scope.toml").write_text(TOML)
    return tmp_path


def run(folder: Path, sql: str, *options: str) -> int:
    (folder / "q.sql").write_text(sql)
    return sql_command([str(folder / "q.sql"), "--scope", str(folder / "scope.toml"), *options])


def test_an_honest_query_is_admitted_with_lineage_classes_and_units(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT p.sex, count(*) AS n, max(e.day) AS latest FROM patients p JOIN events e USING (patient_id) WHERE p.born < $index_date GROUP BY p.sex"
    assert run(folder, sql, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "admitted"
    assert report["tables"] == {"patients": ["patient_id", "sex", "born"], "events": ["patient_id", "day"]}
    assert [(c["name"], c["class"], c["from"]) for c in report["columns"]] == [
        ("sex", "dimension", ["patients.sex"]),
        ("n", "count_rows", []),
        ("latest", "extreme", ["events.day"]),
    ]
    assert report["units"]["proved"]
    assert "tre_people" in report["units"]["sql"]


def test_a_refusal_is_printed_with_its_place_and_fix(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "SELECT sex,\n  random()\nFROM patient") == 1
    said = capsys.readouterr().out
    assert "q.sql:2:3:" in said
    assert "Did you mean patients?" in said


def test_an_extract_says_how_its_rows_are_known_to_be_people(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "SELECT patient_id, sex FROM patients", "--extract") == 0
    assert "one row for each patient: proved" in capsys.readouterr().out


def test_what_is_not_proved_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "SELECT count(*) AS n FROM patients a JOIN patients b ON a.sex = b.sex") == 0
    assert "not proved. This join" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["job_specs.sql"], ["job_specs", "sql"]])
def test_the_command_runs_as_a_program(folder: Path, words: list[str]) -> None:
    (folder / "q.sql").write_text("SELECT * FROM patients")
    command = [
        sys.executable,
        "-m",
        *words,
        str(folder / "q.sql"),
        "--scope",
        str(folder / "scope.toml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Write the columns that are needed, out of: patient_id, sex, born" in done.stdout


@pytest.mark.parametrize(
    ("toml", "word"),
    [
        ("[tables", "not TOML"),
        ("x = 1", "not known"),
        ("[tables.p]\nrows_are = 'people'\n[tables.p.columns]\npatient_id = 'BIGINT'", "rows_are"),
        ("[tables.p.columns]\npatient_id = 'BIGINT'\nx = 'STRUCT(a INT)'", "type"),
        ("[tables.p.columns]\npatient_id = 'BIGINT); DROP TABLE x; --'", "type"),
        ("[tables.p.columns]\nx = 'DATE'", "patient_id"),
        ("[tables.'p\"x'.columns]\npatient_id = 'BIGINT'", "name"),
        ("", "tables"),
    ],
)
def test_a_scope_that_does_not_say_what_it_must_is_not_guessed(toml: str, word: str) -> None:
    with pytest.raises(ScopeUnreadable, match=word):
        read_scope(toml)


def test_a_missing_file_is_not_a_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql_command([str(folder / "none.sql"), "--scope", str(folder / "scope.toml")]) == 2
    assert "none.sql" in capsys.readouterr().err


TSQL = [
    """SELECT TOP 10 [sex], COUNT_BIG(*) AS n FROM [patients]
       WHERE DATEDIFF(year, date_of_birth, @index_date) >= 18 AND ISNULL(region, 'x') <> 'y' GROUP BY [sex] ORDER BY n DESC""",
    """WITH ranked AS (
         SELECT patient_id, numeric_value, ROW_NUMBER() OVER (PARTITION BY patient_id ORDER BY date DESC) AS rn FROM clinical_events
       )
       SELECT p.region, COUNT(*) AS n, AVG(r.numeric_value) AS mean FROM ranked r JOIN patients p ON p.patient_id = r.patient_id
       WHERE r.rn = 1 GROUP BY p.region""",
    """SELECT YEAR(date) AS year, IIF(target_disease = 'COVID-19', 1, 0) AS covid, COUNT(DISTINCT patient_id) AS people
       FROM vaccinations WHERE date >= DATEADD(month, -12, @index_date) GROUP BY YEAR(date), IIF(target_disease = 'COVID-19', 1, 0)""",
]


@pytest.mark.parametrize("sql", TSQL)
def test_tsql_that_translates_is_judged_translated(sql: str) -> None:
    guarded = guard(sql, SCOPE, parameters=PARAMETERS, dialect="tsql")
    assert isinstance(units(guarded, SCOPE), Units)
    report = explain(sql, SCOPE, parameters=PARAMETERS, dialect="tsql")
    assert report["verdict"] == "admitted"
    assert "SELECT" in report["translated"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * INTO #t FROM patients", "sql-not-select"),
        ("EXEC sp_who", "sql-dialect"),
        ("DECLARE @x INT; SELECT @x", "sql-dialect"),
        ("SELECT sex FROM patients; DROP TABLE patients", "sql-dialect"),
        ("SELECT x FROM OPENROWSET('x')", "sql-function"),
        ("SELECT COUNT(*) FROM patients WHERE date_of_birth < GETDATE()", "sql-function"),
        ("SELECT COUNT(*) FROM patients WHERE patient_id = '3'", "sql-patient-use"),
        ("SELECT COUNT(*) FROM otherdb.dbo.patients", "sql-table-path"),
        ("SELECT TOP 10 patient_id FROM patients", "sql-rows-of-people"),
        ("", "sql-empty"),
    ],
)
def test_tsql_is_held_to_the_same_rules(sql: str, code: str) -> None:
    with pytest.raises(SqlRefused) as refused:
        guard(sql, SCOPE, parameters=PARAMETERS, dialect="tsql")
    assert code in {problem.code for problem in refused.value.problems}


def test_a_dialect_that_is_not_read_is_refused() -> None:
    with pytest.raises(SqlRefused, match="sql-dialect"):
        guard_extract("SELECT patient_id FROM patients", SCOPE, dialect="oracle")
