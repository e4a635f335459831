"""`for_each` writes the actions that a person would have written, and no more than a person could follow."""

import pytest

from job_specs.errors import SpecError
from job_specs.model import RunBody
from job_specs.parse import parse
from job_specs.tools import matrix_table

SEASONS = """
version: 5
purpose: covid-19-research
data: {patients: [patient_id]}
lists:
  seasons: [s1, s2]
actions:
  extract_{season}:
    for_each: {season: seasons}
    sql: SELECT patient_id FROM patients WHERE '{season}' = {{ parameters.season }}
    outputs:
      highly_sensitive: {rows: "output/extract_{season}.csv"}
  model_{season}_{sex}:
    for_each: {season: seasons, sex: [female, male]}
    run: r:v2 analysis/model.R {season} {sex} {untouched}
    needs: ["extract_{season}"]
    outputs:
      moderately_sensitive: {table: "output/{season}/{sex}.csv"}
  gather:
    run: r:v2 analysis/gather.R
    needs: ["model_{season}_{sex}", extract_s1]
    outputs:
      moderately_sensitive: {table: output/all.csv}
"""


def test_an_action_is_made_for_every_combination_in_the_order_of_the_lists():
    names = [action.name for action in parse(SEASONS)]
    assert names == [
        "extract_s1",
        "extract_s2",
        "model_s1_female",
        "model_s1_male",
        "model_s2_female",
        "model_s2_male",
        "gather",
    ]


def test_values_reach_the_command_the_needs_and_the_paths_and_nothing_else_in_braces_changes():
    action = parse(SEASONS).action("model_s2_male")
    assert isinstance(action.body, RunBody)
    assert action.body.argv == ("analysis/model.R", "s2", "male", "{untouched}")
    assert action.needs == ("extract_s2",)
    assert action.outputs[0].pattern == "output/s2/male.csv"


def test_in_sql_a_value_is_a_parameter_and_never_text():
    spec = parse(SEASONS)
    action = spec.action("extract_s1")
    assert "'{season}'" in action.body.text
    assert spec.parameters_of(action) == {"season": "s1"}


def test_needing_the_written_name_means_every_expansion_that_agrees():
    needs = parse(SEASONS).action("gather").needs
    assert needs == ("model_s1_female", "model_s1_male", "model_s2_female", "model_s2_male", "extract_s1")


def test_what_a_for_each_made_is_shown_as_a_table():
    lines = matrix_table(parse(SEASONS)).splitlines()
    assert lines[0].split() == ["action", "season", "sex"]
    assert lines[1].split() == ["extract_s1", "s1"]
    assert lines[3].split() == ["model_s1_female", "s1", "female"]
    assert len(lines) == 7


def test_expanding_twice_gives_the_same_digest():
    assert parse(SEASONS).digest == parse(SEASONS).digest


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("{season: seasons}", "{season: saesons}"), "matrix"),
        (("{season: seasons}", "{season: [s1, s1]}"), "matrix"),
        (("{season: seasons}", "{Season: seasons}"), "matrix"),
        (("lists:", "parameters: {season: s9}\nlists:"), "matrix"),
        (("model_{season}_{sex}:", "model_{season}:"), "matrix"),
        (("[s1, s2]", "[" + ", ".join(f"s{n}" for n in range(9_000)) + "]"), "matrix-size"),
        (("r:v2 analysis/gather.R", "r:v2 g.R " + "x" * 19_000), None),
    ],
)
def test_faults_of_a_for_each_are_refused(change, code):
    text = SEASONS.replace(*change)
    if code is None:
        assert parse(text)
        return
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert code in {problem.code for problem in caught.value.problems}


def test_a_small_file_cannot_make_a_large_amount_of_work():
    body = "x" * 15_000
    values = ", ".join(f"v{n}" for n in range(3_000))
    text = (
        f"version: 5\nactions:\n  a_{{n}}:\n    for_each: {{n: [{values}]}}\n    run: r:v2 a.R {body}\n"
        '    outputs: {highly_sensitive: {a: "output/{n}.csv"}}\n'
    )
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert {problem.code for problem in caught.value.problems} == {"matrix-size"}
