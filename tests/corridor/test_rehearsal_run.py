"""`tre run`: a study on synthetic data goes through the same boxes and checks, and only what changed runs again."""

import shutil
from pathlib import Path

import pytest

import job_specs
from tre.cli.exits import Exit

pytestmark = pytest.mark.engine

STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory, desk_at):
    """A copy of the example study that was run once, and what that said."""
    folder = tmp_path_factory.mktemp("study") / "covid-tests"
    shutil.copytree(STUDY, folder)
    return folder, desk_at(folder / "no-site").tre("run", str(folder))


@pytest.fixture
def study(rehearsed, tmp_path: Path) -> Path:
    """The rehearsed study, copied."""
    shutil.copytree(rehearsed[0], tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def tre(tmp_path: Path, desk_at):
    """The command line, with no site at all: a researcher's own machine."""
    return desk_at(tmp_path / "no-site").tre


def used_again(answer) -> dict[str, bool]:
    return {line["action"]: line["used_again"] for line in answer["actions"]}


def test_the_example_study_runs_from_nothing_and_shows_what_the_checker_says(rehearsed) -> None:
    folder, answer = rehearsed
    assert used_again(answer) == {"tests_by_region": False, "cohort": False, "describe": False}
    assert {file["path"]: file["level"] for file in answer["files"]}["output/tests_by_region.csv"] == "proved"
    assert (folder / "output" / "cohort.csv").exists()
    costs = {line["action"]: line["cost"] for line in answer["actions"]}
    assert costs["describe"] == "", "nothing is told of a study's own code"
    assert all(costs[name].endswith(", among 25,000,000 people") for name in ("cohort", "tests_by_region"))
    assert "SELECT" in (folder / "metadata" / "tre" / "queries" / "cohort.sql").read_text()
    assert any(finding["places"] for file in answer["files"] for finding in file["findings"])


def test_nothing_changed_and_nothing_runs(study: Path, tre) -> None:
    assert set(used_again(tre("run", str(study))).values()) == {True}


def test_a_changed_script_runs_only_its_own_cone(study: Path, tre) -> None:
    script = study / "analysis" / "describe.py"
    script.write_text(script.read_text() + "# changed\n")
    again = used_again(tre("run", str(study)))
    assert again == {"tests_by_region": True, "cohort": True, "describe": False}


def test_a_changed_query_runs_its_cone_when_its_result_changes(study: Path, tre) -> None:
    query = study / "analysis" / "cohort.sql"
    query.write_text(query.read_text().replace("patients.sex,", "patients.sex, patients.imd_quintile,"))
    again = used_again(tre("run", str(study)))
    assert again == {"tests_by_region": True, "cohort": False, "describe": False}


def test_force_and_from_run_again_what_they_name(study: Path, tre) -> None:
    assert set(used_again(tre("run", str(study), "--force")).values()) == {False}
    again = used_again(tre("run", str(study), "--from", "cohort"))
    assert again == {"tests_by_region": True, "cohort": False, "describe": False}


def test_an_undeclared_input_is_not_there_and_the_failure_is_shown_whole(study: Path, tre) -> None:
    spec = (study / "project.yaml").read_text()
    undeclared = spec.replace("    needs: [cohort]\n", "").replace("of: cohort", "of: patients")
    (study / "project.yaml").write_text(undeclared)
    answer = tre("run", str(study), "--action", "describe", ends=Exit.SANDBOX)
    (line,) = answer["actions"]
    assert line["outcome"] == "failed-in-your-code"
    assert "FileNotFoundError" in line["log"]
    assert "describe.py" in line["log"]
    told = line["explained"]
    assert "output/cohort.csv" in told["error"]
    assert {each["path"] for each in told["lines"]} == {"analysis/describe.py"}
    assert "`needs`" in told["fix"]


MISSING = {
    "r:v2 analysis/describe.R": (
        'cohort <- read.csv("output/cohort.csv")\nprint(cohort$sex + missing_one)\n',
        2,
    ),
    "python:v2 analysis/describe.py": ("import pandas\n\nprint(missing_one)\n", 3),
}


@pytest.mark.parametrize("run", MISSING)
def test_a_failure_shows_the_authors_own_line_and_what_to_try(study: Path, tre, run: str) -> None:
    program, line = MISSING[run]
    script = run.split()[1]
    spec = (study / "project.yaml").read_text()
    (study / "project.yaml").write_text(spec.replace("python:v1 analysis/describe.py", run))
    (study / script).write_text(program)
    told = tre("run", str(study), "--action", "describe", ends=Exit.SANDBOX)["actions"][-1]["explained"]
    assert [(each["path"], each["number"]) for each in told["lines"]] == [(script, line)]
    assert "missing_one" in told["error"]
    assert told["fix"]


def test_local_sockets_are_shut_until_the_action_asks_for_them(study: Path, tre) -> None:
    script = study / "analysis" / "describe.py"
    script.write_text("import asyncio\n\nasyncio.run(asyncio.sleep(0))\n" + script.read_text())
    told = tre("run", str(study), "--action", "describe", ends=Exit.SANDBOX)["actions"][-1]["explained"]
    assert "local_sockets: true" in told["fix"]
    spec = (study / "project.yaml").read_text()
    (study / "project.yaml").write_text(spec.replace("time: 10m}", "time: 10m, local_sockets: true}"))
    played = tre("run", str(study), "--action", "describe")["actions"][-1]
    assert played["outcome"] == "succeeded"


def test_an_output_that_was_not_written_is_named_beside_what_was(study: Path, tre) -> None:
    (study / "analysis" / "describe.py").write_text("open('output/admisions.csv', 'w').write('a')\n")
    played = tre("run", str(study), "--action", "describe", ends=Exit.SANDBOX)["actions"][-1]
    assert played["outcome"] == "outputs-refused"
    assert any("admissions_by_age_band.csv" in name for name in played["refused"])
    assert played["undeclared"] == ["admisions.csv"]
    assert "`outputs`" in played["explained"]["fix"]


def test_a_script_cannot_see_another_actions_script_but_sees_what_it_mentions(study: Path, tre) -> None:
    (study / "analysis" / "shared.py").write_text("ANSWER = 42\n")
    script = study / "analysis" / "describe.py"
    script.write_text("import sys\nsys.path.insert(0, 'analysis')\nimport shared\n" + script.read_text())
    assert used_again(tre("run", str(study)))["describe"] is False


def test_every_example_is_one_that_is_run_here() -> None:
    """A second example needs a test of its own; nothing in the folder goes unrun."""
    assert [path.name for path in sorted(STUDY.parent.iterdir()) if path.is_dir()] == [STUDY.name]


def test_the_template_study_runs_as_it_is_written(tmp_path: Path, tre) -> None:
    folder = tmp_path / "mine"
    tre("spec", "new", str(folder))
    assert {line["outcome"] for line in tre("run", str(folder))["actions"]} == {"succeeded"}


def test_an_extract_is_written_in_the_format_that_its_path_declares(study: Path, tre) -> None:
    spec = (study / "project.yaml").read_text()
    (study / "project.yaml").write_text(spec.replace("output/cohort.csv", "output/cohort.parquet"))
    tre("run", str(study), "--action", "cohort")
    assert (study / "output" / "cohort.parquet").read_bytes().startswith(b"PAR1")
