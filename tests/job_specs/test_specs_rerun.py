"""One changed script runs its cone again and nothing else, and every choice says why."""

import hashlib
from pathlib import Path

import pytest

from job_specs.code import code_of
from job_specs.errors import SpecError
from job_specs.parse import parse
from job_specs.plan import plan
from job_specs.rerun import choices, differences, ingredients

TEXT = """
version: 5
purpose: covid-19-research
data: {patients: [patient_id]}
codelists:
  used: {file: codelists/used.csv, system: icd10, version: "1"}
  unused: {file: codelists/unused.csv, system: icd10, version: "1"}
actions:
  cohort:
    sql: analysis/cohort.sql
    outputs: {highly_sensitive: {a: output/cohort.csv}}
  clean:
    run: python:v2 analysis/clean.py
    needs: [cohort]
    outputs: {highly_sensitive: {a: output/clean.csv}}
  model:
    run: r:v2 analysis/model.R --config=analysis/model.json
    needs: [clean]
    outputs: {moderately_sensitive: {a: output/model.csv}}
  describe:
    run: python:v2 analysis/describe.py
    needs: [cohort]
    outputs: {moderately_sensitive: {a: output/describe.csv}}
"""
FILES = {
    "project.yaml": TEXT.encode(),
    "analysis/cohort.sql": b"SELECT patient_id FROM patients WHERE x IN {{ codelist('used') }}",
    "analysis/clean.py": b"from shared import tidy",
    "analysis/shared.py": b"def tidy(): ...",
    "analysis/model.R": b"x <- 1",
    "analysis/model.json": b"{}",
    "analysis/describe.py": b"import clean",
    "codelists/used.csv": b"code\nU071\n",
    "codelists/unused.csv": b"code\nU072\n",
}
SPEC = parse(TEXT)
PLAN = plan(SPEC)


def made_of(files, **changes):
    evidence = {
        "image": "i",
        "data_version": "d",
        "policy_version": "p",
        "parameters": {},
        "inputs": {},
    } | changes
    return {
        action.name: ingredients(
            action,
            code={path: hashlib.sha256(files[path]).hexdigest() for path in code_of(SPEC, action, files)},
            **evidence,
        )
        for action in SPEC
    }


def running(**asked):
    return [choice.action for choice in choices(PLAN, **asked) if choice.runs]


def test_an_action_s_code_is_its_own_files_shared_ones_and_those_it_mentions():
    code = {action.name: code_of(SPEC, action, FILES) for action in SPEC}
    assert code == {
        "cohort": ("analysis/cohort.sql", "codelists/used.csv"),
        "clean": ("analysis/clean.py", "analysis/shared.py"),
        "model": ("analysis/model.R", "analysis/model.json", "analysis/shared.py"),
        "describe": ("analysis/clean.py", "analysis/describe.py", "analysis/shared.py"),
    }


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("analysis/cohort.sql", ["cohort", "clean", "model", "describe"]),
        ("codelists/used.csv", ["cohort", "clean", "model", "describe"]),
        ("codelists/unused.csv", []),
        ("analysis/model.R", ["model"]),
        ("analysis/clean.py", ["clean", "model", "describe"]),
        ("analysis/shared.py", ["clean", "model", "describe"]),
        ("analysis/describe.py", ["describe"]),
    ],
)
def test_a_changed_file_runs_only_its_cone_again(path, again):
    changed = FILES | {path: FILES[path] + b" "}
    assert running(now=made_of(changed), last=made_of(FILES)) == again


def test_nothing_changed_runs_nothing_and_says_so():
    chosen = choices(PLAN, now=made_of(FILES), last=made_of(FILES))
    assert {(choice.runs, choice.because) for choice in chosen} == {
        (False, "nothing it is made of has changed")
    }


def test_every_ingredient_is_named_when_it_changes():
    before = made_of(FILES, inputs={"output/a.csv": "1", "output/b.csv": "1"})["model"]
    now = made_of(
        FILES, inputs={"output/a.csv": "2", "output/c.csv": "1"}, image="j", data_version="e",
        policy_version="q", parameters={"x": 1},
    )["model"]  # fmt: skip
    assert differences(before, now) == (
        "a parameter has changed",
        "its image has changed",
        "the data has been rebuilt",
        "the site's policy has changed",
        "output/a.csv has changed",
        "output/b.csv is gone",
        "output/c.csv is new",
    )


def test_a_person_can_force_name_only_or_start_from():
    same = {"now": made_of(FILES), "last": made_of(FILES)}
    assert running(**same, force=True) == list(PLAN.order)
    assert running(**same, start=["clean"]) == ["clean", "model"]
    assert running(**same, only=["clean"]) == ["clean"]


def test_only_cannot_leave_out_what_was_never_run_and_names_must_be_known():
    last = made_of(FILES)
    del last["cohort"]
    with pytest.raises(SpecError, match="never been run"):
        choices(PLAN, now=made_of(FILES), last=last, only=["clean"])
    with pytest.raises(SpecError, match="unknown-action"):
        choices(PLAN, now=made_of(FILES), last=last, start=["claen"])


def test_a_first_run_runs_everything():
    assert running(now=made_of(FILES), last={}) == list(PLAN.order)
    assert choices(PLAN, now=made_of(FILES), last={})[0].because == "it has not been run"


def test_the_example_s_script_is_code_of_its_own_action_only():
    folder = Path(__file__).parents[2] / "job_specs" / "examples" / "covid-tests"
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.*")
        if path.is_file()
    }
    spec = parse(files["project.yaml"])
    assert code_of(spec, spec.action("describe"), files) == ("analysis/describe.py",)
    assert code_of(spec, spec.action("cohort"), files) == (
        "analysis/cohort.sql",
        "codelists/covid-diagnosis.csv",
    )
