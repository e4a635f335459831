"""What the command line shows of a spec: checked, drawn, explained, started, brought over."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from job_specs.__main__ import main
from job_specs.drawing import svg
from job_specs.errors import SpecError, Where
from job_specs.model import (
    Action,
    JobSpec,
    OutputSpec,
    Purpose,
    Resources,
    RunBody,
    Sensitivity,
    TableScope,
)
from job_specs.parse import parse
from job_specs.starting import migrate, new_study
from job_specs.tools import check, explain, text_graph

JOB_SPECS = Path(__file__).parents[2] / "job_specs"
EXAMPLE = JOB_SPECS / "examples" / "covid-tests" / "project.yaml"
HEALTH = sorted((JOB_SPECS / "health").glob("*/project.yaml"))
SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "projects"
PLAIN = """# A study
version: '4.0'

actions:
  # made once
  dataset:
    run: ehrql:v1 generate-dataset d.py --output output/d.csv
    outputs: {highly_sensitive: {d: output/d.csv}}
"""


@pytest.mark.parametrize("path", [EXAMPLE, *HEALTH], ids=lambda path: path.parent.name)
def test_the_kept_studies_are_accepted_with_their_files(path):
    checked = check(path)
    assert set(checked.queries) == {a.name for a in checked.spec if a.is_extract or a.is_aggregate}
    assert all(output.statistic for a in checked.spec for output in a.outputs if not _is_rows(output))


def _is_rows(output):
    return output.sensitivity == "highly_sensitive"


@pytest.mark.parametrize("path", HEALTH, ids=lambda path: path.parent.name)
def test_a_health_spec_is_for_maintenance_and_nothing_else(path):
    assert check(path).spec.purpose is Purpose.PLATFORM_MAINTENANCE


def test_explaining_an_action_shows_its_query_parameters_and_place():
    words = explain(check(EXAMPLE), "cohort")
    assert "cohort: SQL extract, written at project.yaml:" in words
    assert "parameter $start_date: 2020-09-01" in words
    assert "specimen_date >= $start_date" in words
    assert "runs: python:v1 analysis/describe.py" in explain(check(EXAMPLE), "describe")


def test_explaining_an_unknown_action_names_the_nearest():
    with pytest.raises(SpecError, match="did you mean: cohort"):
        explain(check(EXAMPLE), "cohrot")


def test_the_text_graph_shows_each_action_after_what_it_needs():
    lines = text_graph(check(EXAMPLE).spec).splitlines()
    assert lines[0] == "    1  tests_by_region (SQL aggregate)"
    assert any("describe (python:v1)  <- cohort" in line for line in lines)


def test_the_drawing_is_well_formed_repeatable_and_shows_every_action():
    spec = check(EXAMPLE).spec
    drawing = svg(spec)
    assert drawing == svg(spec)
    titles = [node.text for node in ET.fromstring(drawing).iter() if node.tag.endswith("title")]  # noqa: S314 - our own text
    assert titles[0] == "3 actions"
    assert sum(title.startswith(("cohort:", "describe:", "tests_by_region:")) for title in titles) == 3


@pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of sample projects is not beside this checkout")
def test_the_largest_public_project_can_be_drawn():
    drawing = svg(parse((SAMPLES / "disparities-comparison.yaml").read_bytes()))
    assert drawing.count("<rect") == 2191


def test_a_drawing_carries_no_markup_from_a_name():
    output = OutputSpec("a", Sensitivity.HIGH, "<script>alert('x')</script>")
    action = Action("<b>", RunBody("python:v2", ()), (), (output,), Resources(), Where("project.yaml", 1, 1))
    drawing = svg(JobSpec(5.0, None, None, (), {}, {}, (action,)))
    assert "<script" not in drawing
    assert "<b>" not in drawing
    assert ET.fromstring(drawing) is not None  # noqa: S314 - our own text


def test_a_new_study_is_accepted_as_it_stands(tmp_path):
    written = new_study(tmp_path / "study")
    assert {path.name for path in written} >= {"project.yaml", "describe.py", "cohort.sql"}
    assert check(tmp_path / "study" / "project.yaml").spec.digest == check(EXAMPLE).spec.digest


def test_a_new_study_never_writes_over_anything(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SpecError):
        new_study(tmp_path)
    with pytest.raises(SpecError):
        new_study(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_migrating_adds_purpose_and_data_and_leaves_every_other_line():
    data = [TableScope("patients", ("patient_id", "sex"))]
    text = migrate(PLAIN.encode(), purpose=Purpose.COVID_19_RESEARCH, data=data)
    spec = parse(text)
    assert (spec.purpose, spec.data) == (Purpose.COVID_19_RESEARCH, tuple(data))
    added = ["purpose: covid-19-research", "data:", "  patients: [patient_id, sex]", ""]
    assert [line for line in text.splitlines() if line not in added] == [
        line for line in PLAIN.splitlines() if line
    ]


def test_migrating_twice_is_refused_where_the_purpose_stands():
    once = migrate(PLAIN, purpose=Purpose.COVID_19_RESEARCH)
    with pytest.raises(SpecError) as caught:
        migrate(once, purpose=Purpose.COVID_19_RESEARCH)
    assert caught.value.problems[0].where.line == 4


@pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of sample projects is not beside this checkout")
@pytest.mark.parametrize(
    "name", ["demo_repo", "metformin_covid", "winter-pressures-phase-II", "tpp-code-counts"]
)
def test_public_projects_can_be_brought_over(name):
    text = migrate((SAMPLES / f"{name}.yaml").read_bytes(), purpose=Purpose.COVID_19_RESEARCH)
    assert parse(text).purpose is Purpose.COVID_19_RESEARCH


def test_the_command_says_what_is_wrong_and_fails(capsys):
    refused = JOB_SPECS / "refused" / "cycle.yaml"
    assert main(["check", str(EXAMPLE)]) == 0
    assert main(["check", str(EXAMPLE), str(refused)]) == 1
    assert "[cycle]" in capsys.readouterr().out
    assert main(["check", "no-such-file.yaml"]) == 1
    assert main(["graph", str(EXAMPLE)]) == 0
    assert main(["explain", str(EXAMPLE), "cohort"]) == 0
    assert main(["schema"]) == 0


def test_the_command_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "job_specs", "check", str(EXAMPLE)],
        cwd=JOB_SPECS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("accepted: 3 actions, 2 of them queries\n")
