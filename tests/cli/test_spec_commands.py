"""`tre spec`: what is wrong with a spec is said with its place and its mending, before anyone's time is asked for."""

import json
from pathlib import Path

import pytest

import job_specs
from job_specs.parse import parse
from tre.cli.app import run_command_line
from tre.cli.exits import Exit
from tre.main import Hands

EXAMPLE = Path(job_specs.__file__).parent / "examples" / "covid-tests" / "project.yaml"


def tre(*words: str) -> int:
    return run_command_line(Hands().wiring(), ["--json", "spec", *words])


def test_an_accepted_spec_says_what_will_run(capsys) -> None:
    assert tre("check", str(EXAMPLE)) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["actions"] == ["tests_by_region", "cohort", "describe"]


def test_a_refused_spec_is_told_all_at_once_with_places(tmp_path: Path, capsys) -> None:
    spec = tmp_path / "project.yaml"
    spec.write_text(
        EXAMPLE.read_text().replace("needs: [cohort]", "need: [cohrot]").replace("cpus: 1", "cpus: -1")
    )
    assert tre("check", str(spec)) == Exit.SPEC
    said = capsys.readouterr().err
    assert said.count("project.yaml:") >= 2
    assert "needs" in said


def test_an_action_is_explained_with_the_query_that_will_run(capsys) -> None:
    assert tre("explain", "cohort", str(EXAMPLE)) == Exit.OK
    explained = json.loads(capsys.readouterr().out)["explained"]
    assert "$start_date" in explained
    assert "SQL extract" in explained


def test_a_drawing_is_written_where_it_was_asked_for(tmp_path: Path, capsys) -> None:
    assert tre("graph", str(EXAMPLE), "--svg", str(tmp_path / "graph.svg")) == Exit.OK
    assert (tmp_path / "graph.svg").read_text().startswith("<svg")
    assert json.loads(capsys.readouterr().out)["describe"] == ["cohort"]


def test_a_project_is_brought_over_with_its_purpose_and_nothing_else_changed(tmp_path: Path, capsys) -> None:
    old = tmp_path / "project.yaml"
    text = "version: '4.0'\nactions:\n  a:\n    run: python:v2 a.py\n    outputs:\n      highly_sensitive:\n        a: output/a.csv\n"
    old.write_text(text)
    only = ["--only", "patients:patient_id,sex"]
    assert tre("migrate", str(old), "--purpose", "covid-19-research", *only) == Exit.OK
    brought = parse(json.loads(capsys.readouterr().out)["project"])
    assert brought.purpose == "covid-19-research"
    assert [scope.table for scope in brought.data] == ["patients"]
    assert old.read_text() == text


@pytest.mark.parametrize("purpose", ["diabetes-research", ""])
def test_a_project_is_not_brought_over_under_another_purpose(purpose: str) -> None:
    """[P3]"""
    assert tre("migrate", str(EXAMPLE), "--purpose", purpose) == Exit.USAGE


def test_what_a_for_each_made_is_shown_as_a_table(tmp_path: Path, capsys) -> None:
    spec = tmp_path / "project.yaml"
    spec.write_text(
        "version: '5.0'\nlists: {sex: [female, male]}\nactions:\n  count_{sex}:\n    for_each: {sex: sex}\n"
        "    run: python:v2 count.py {sex}\n    outputs:\n      highly_sensitive:\n        out: output/{sex}.csv\n"
    )
    assert run_command_line(Hands().wiring(), ["spec", "graph", str(spec)]) == Exit.OK
    shown = capsys.readouterr().out
    assert "count_female" in shown
    assert "count_male" in shown
    assert shown.count("male") >= 6
