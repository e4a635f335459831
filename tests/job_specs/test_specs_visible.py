"""What an action may see: everything that could decide its result, and as little else as can be told."""

from hypothesis import given
from hypothesis import strategies as st

from job_specs.parse import parse
from job_specs.visible import files_of

SPEC = """
version: "5.0"
purpose: covid-19-research
data:
  patients: [patient_id, sex]
actions:
  count:
    sql: analysis/count.sql
    outputs:
      moderately_sensitive:
        count: {path: output/count.csv, statistic: frequencies, of: patients, by: [sex], columns: {n: count}}
  one:
    run: python:v2 analysis/one.py
    outputs:
      highly_sensitive: {one: output/one.csv}
  two:
    run: python:v2 analysis/two.py
    outputs:
      highly_sensitive: {two: output/two.csv}
"""
FILES = {
    "project.yaml": SPEC.encode(),
    "analysis/count.sql": b"SELECT 1",
    "analysis/one.py": b"print(1)",
    "analysis/two.py": b"print(2)",
    "analysis/shared.py": b"x = 1",
}


def seen(name: str, files=None) -> set[str]:
    spec = parse(SPEC)
    return set(files_of(spec, spec.action(name), FILES | (files or {}), spec_file="project.yaml"))


def test_a_query_sees_its_own_text_alone() -> None:
    assert seen("count") == {"analysis/count.sql"}


def test_a_program_sees_the_study_without_the_spec_and_the_scripts_of_others() -> None:
    assert seen("one") == {"analysis/one.py", "analysis/shared.py"}


def test_a_program_sees_another_script_that_it_mentions() -> None:
    assert "analysis/two.py" in seen("one", {"analysis/one.py": b"import two"})


def test_a_program_sees_what_a_file_that_it_sees_mentions() -> None:
    assert "analysis/two.py" in seen("one", {"analysis/shared.py": b"from two import f"})


@given(st.dictionaries(st.sampled_from(sorted(FILES)), st.binary(max_size=40), max_size=5))
def test_whatever_is_in_the_files_an_action_sees_its_own_and_never_the_spec(files: dict[str, bytes]) -> None:
    assert "analysis/one.py" in seen("one", files)
    assert "project.yaml" not in seen("one", files)
