"""A spec says what it means: every part arrives in the model, and all faults are told at once."""

from datetime import date

import pytest

from job_specs.errors import SpecError
from job_specs.model import Purpose, Resources, RunBody, Sensitivity, Site, SqlBody, TableScope
from job_specs.parse import parse

STUDY = """
version: "5.0"
purpose: covid-19-research
title: A study
data:
  patients: [patient_id, sex]
parameters:
  index_date: 2021-03-01
  quoted_date: "2021-03-01"
  truth: true
  count: 7
  share: 0.5
  word: "yes"
  bare_yes: yes
  ages: [0, 18, 65]
codelists:
  diabetes: {file: codelists/diabetes.csv, system: snomedct, version: "2024-01"}
actions:
  cohort:
    sql: |
      SELECT patient_id, sex FROM patients
    outputs:
      highly_sensitive: {cohort: output/cohort.csv}
    resources: {memory: 2GB, cpus: 0.5, time: 90s}
  by_sex:
    sql: analysis/by_sex.sql
    outputs:
      moderately_sensitive:
        by_sex:
          path: output/by_sex.csv
          statistic: frequencies
          of: patients
          by: [sex]
          columns: {people: count, share: {ratio: [people, people]}}
  describe:
    run: >
      python:v2 analysis/describe.py
        --title "Two words"
    needs: [cohort]
    config: {bands: [1, 2], names: [yes, "1"]}
    outputs:
      moderately_sensitive: {table: output/table_*.csv}
"""


def codes(text: str, **options) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(text, **options)
    return [problem.code for problem in caught.value.problems]


def test_every_part_of_a_spec_arrives():
    spec = parse(STUDY)
    assert (spec.version, spec.purpose, spec.title) == (5.0, Purpose.COVID_19_RESEARCH, "A study")
    assert spec.data == (TableScope("patients", ("patient_id", "sex")),)
    assert spec.codelists["diabetes"].column == "code"
    assert [action.name for action in spec] == ["cohort", "by_sex", "describe"]


def test_parameters_are_what_was_written_and_dates_are_dates():
    assert dict(parse(STUDY).parameters) == {
        "index_date": date(2021, 3, 1),
        "quoted_date": date(2021, 3, 1),
        "truth": True,
        "count": 7,
        "share": 0.5,
        "word": "yes",
        "bare_yes": "yes",  # YAML 1.2: only true and false are truth values
        "ages": (0, 18, 65),
    }


def test_an_sql_action_that_writes_rows_is_an_extract_and_one_that_writes_results_an_aggregate():
    cohort, by_sex, describe = parse(STUDY).actions
    assert (cohort.is_extract, cohort.is_aggregate) == (True, False)
    assert (by_sex.is_extract, by_sex.is_aggregate) == (False, True)
    assert (describe.is_extract, describe.is_aggregate) == (False, False)
    assert cohort.body == SqlBody(file=None, text="SELECT patient_id, sex FROM patients\n")
    assert by_sex.body == SqlBody(file="analysis/by_sex.sql", text=None)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "arrow", "duckdb"])
def test_an_extract_comes_as_the_next_action_likes_and_a_table_for_people_does_not(ending):
    extract = parse(STUDY.replace("output/cohort.csv", f"output/cohort.{ending}")).action("cohort")
    assert extract.outputs[0].pattern == f"output/cohort.{ending}"
    offered = STUDY.replace("output/by_sex.csv", f"output/by_sex.{ending}")
    if ending == "csv":
        assert parse(offered).action("by_sex").is_aggregate
    else:
        assert codes(offered) == ["output-type"]


@pytest.mark.parametrize("ending", ["xlsx", "gz", "arrow.gz", "csv.zip", "feather"])
def test_an_extract_comes_as_nothing_that_the_engine_does_not_write(ending):
    assert codes(STUDY.replace("output/cohort.csv", f"output/cohort.{ending}")) == ["sql-one-output"]


def test_a_run_command_is_split_as_a_shell_would_and_keeps_its_config():
    body = parse(STUDY).action("describe").body
    assert isinstance(body, RunBody)
    assert (body.image, body.name) == ("python:v2", "python")
    assert body.argv == ("analysis/describe.py", "--title", "Two words")
    assert body.config == {"bands": [1, 2], "names": ["yes", "1"]}


def test_resources_are_asked_for_in_units_and_default_to_the_site_s():
    site = Site(memory_mb=4096, default=Resources(memory_mb=1024, cpus=1, seconds=60))
    spec = parse(STUDY, site=site)
    assert spec.action("cohort").resources == Resources(memory_mb=2048, cpus=0.5, seconds=90)
    assert spec.action("describe").resources == site.default
    assert codes(STUDY, site=Site(memory_mb=512)) == ["resources"]


def test_disk_is_given_to_a_query_that_asks_and_never_to_study_code():
    asked = STUDY.replace("resources: {memory: 2GB,", "resources: {disk: 20GB, memory: 2GB,")
    assert parse(asked).action("cohort").resources.disk_mb == 20 << 10
    assert parse(STUDY).action("cohort").resources.disk_mb == 0
    assert codes(asked, site=Site(disk_mb=4096)) == ["resources"]
    assert codes(asked.replace("20GB", "7MB")) == ["resources"]
    code = STUDY.replace("    needs: [cohort]\n", "    needs: [cohort]\n    resources: {disk: 20GB}\n")
    assert code != STUDY
    assert codes(code) == ["resources"]


@pytest.mark.parametrize(
    ("memory", "output"), [(100, 64), (512, 64), (4096, 512), (8192, 1024), (131_072, 2048)]
)
def test_what_an_action_may_write_grows_with_its_memory_within_bounds(memory, output):
    assert Resources(memory_mb=memory).output_mb == output


def test_local_sockets_are_shut_unless_an_action_asks_for_them_in_one_spelling():
    asked = STUDY.replace("cpus: 0.5,", "cpus: 0.5, local_sockets: true,")
    assert parse(STUDY).action("cohort").resources.local_sockets is False
    assert parse(asked).action("cohort").resources.local_sockets is True
    assert parse(asked).digest != parse(STUDY).digest
    assert parse(asked.replace("local_sockets: true", "local_sockets: false")).digest == parse(STUDY).digest
    for other in ('"true"', "yes", "True", "1", "[true]"):
        assert codes(asked.replace("local_sockets: true", f"local_sockets: {other}")) == ["wrong-type"]


def test_a_declared_statistic_is_kept_in_the_words_of_the_vocabulary():
    statistic = parse(STUDY).action("by_sex").outputs[0].statistic
    assert statistic is not None
    assert statistic.as_dict() == {
        "statistic": "frequencies",
        "of": "patients",
        "by": ["sex"],
        "columns": {"people": "count", "share": {"ratio": ["people", "people"]}},
    }


def test_a_statistic_of_the_whole_population_says_so_with_an_empty_list():
    statistic = parse(STUDY.replace("by: [sex]", "by: []")).action("by_sex").outputs[0].statistic
    assert statistic is not None
    assert statistic.as_dict()["by"] == []


def test_a_statistic_may_be_of_an_action_needed_through_others():
    further = """
  further:
    run: python:v2 analysis/further.py
    needs: [describe]
    outputs:
      moderately_sensitive:
        further: {path: output/f.csv, statistic: frequencies, of: cohort, by: [sex], columns: {n: count}}
"""
    assert parse(STUDY + further).action("further").outputs[0].sensitivity is Sensitivity.MODERATE
    assert codes(STUDY + further.replace("[describe]", "[by_sex]")) == ["statistic-of"]


def test_layout_comments_and_quotes_do_not_change_the_digest_and_meaning_does():
    spec = parse(STUDY)
    again = parse("# a comment\n" + STUDY.replace("needs: [cohort]", 'needs:\n    - "cohort"'))
    assert again.digest == spec.digest
    assert parse(STUDY.replace("count: 7", "count: 8")).digest != spec.digest
    assert parse(STUDY.replace("count: 7", 'count: "7"')).digest != spec.digest
    assert parse(STUDY.replace("quoted_date: ", "quoted_date: not ")).digest != spec.digest


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    broken = (
        STUDY.replace("covid-19-research", "research")
        .replace("needs: [cohort]", "needs: [cohrot]")
        .replace("output/cohort.csv", "../cohort.csv")
    )
    assert codes(broken) == ["purpose", "output-path", "unknown-need"]


def test_a_problem_shows_what_was_written_the_rule_the_fix_and_the_nearest_name():
    with pytest.raises(SpecError) as caught:
        parse(STUDY.replace("needs: [cohort]", "needs: [cohrot]"), file="study.yaml")
    (problem,) = caught.value.problems
    assert problem.nearest == "cohort"
    report = str(caught.value)
    assert "study.yaml:" in report
    assert "written: cohrot" in report
    assert "did you mean: cohort" in report


def test_an_error_never_repeats_control_characters():
    with pytest.raises(SpecError) as caught:
        parse('version: "\\x1b[31m"\nactions: {a: 1}')
    assert "\x1b" not in str(caught.value)


def test_a_fix_that_repeats_a_name_repeats_it_escaped():
    with pytest.raises(SpecError) as caught:
        parse('"a\\tb\xa0": {run: x}\nversion: 5\nactions: {}')
    assert "a\\tb\\xa0" in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("version", ["1", "2.0", '"3.0"', "4", "5.0"])
def test_each_version_of_the_format_is_read(version):
    expectations = "expectations: {population_size: 10}\n" if "3" in version else ""
    action = "{run: 'python:v1 a.py', outputs: {highly_sensitive: {a: output/a.csv}}}"
    text = f"version: {version}\n{expectations}actions: {{a: {action}}}"
    assert parse(text).version == float(version.strip('"'))


def test_before_version_5_a_written_run_all_is_left_out_and_latest_is_a_version():
    text = (
        "version: 4\nactions:\n  run_all: {needs: [a]}\n"
        "  a: {run: 'python:latest a.py', outputs: {highly_sensitive: {a: output/a.csv}}}"
    )
    assert [action.name for action in parse(text)] == ["a"]


def test_aliases_and_merge_keys_save_typing():
    text = (
        "version: 4\nactions:\n"
        "  a: &a {run: 'python:v1 a.py', config: &c {x: 1}, outputs: {highly_sensitive: {a: output/a.csv}}}\n"
        "  b: {<<: *a, run: 'python:v1 b.py', config: *c, outputs: {highly_sensitive: {a: output/b.csv}}}\n"
    )
    first, second = parse(text).actions
    assert isinstance(first.body, RunBody)
    assert isinstance(second.body, RunBody)
    assert first.body.config == second.body.config == {"x": 1}
    assert second.body.argv == ("b.py",)


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("--output output/a.csv", "output/a.csv"),
        ("--output=output/a.csv", "output/a.csv"),
        ("--output output/a.csv", "output/*.csv"),
        ("--output output/many:arrow", "output/many/*.arrow"),
        ("--output output/many/:arrow", "output/many/one.arrow"),
    ],
)
def test_an_ehrql_dataset_declares_what_it_writes(written, declared):
    text = (
        f"version: 4\nactions:\n  a: {{run: 'ehrql:v1 generate-dataset d.py {written}', "
        f"outputs: {{highly_sensitive: {{a: '{declared}'}}}}}}"
    )
    assert parse(text).actions[0].outputs[0].pattern == declared


def test_two_actions_may_write_into_one_wildcard_of_one_sensitivity():
    text = (
        "version: 4\nactions:\n"
        "  a: {run: 'r:v2 a.R', outputs: {moderately_sensitive: {a: output/*.csv}}}\n"
        "  b: {run: 'r:v2 b.R', outputs: {moderately_sensitive: {a: output/b.csv}}}\n"
    )
    assert len(parse(text).actions) == 2


@pytest.mark.parametrize(
    ("run", "line", "column"),
    [
        ("r:v2 a.R 'open quote", 4, 19),
        (">\n      r:v2 a.R\n      --title 'closed' \"open", 6, 24),
        ("r:v2 a.R\n      it's", 5, 9),
    ],
)
def test_a_quote_that_is_never_closed_is_located(run, line, column):
    text = f"version: 5\nactions:\n  a:\n    run: {run}\n    outputs: {{highly_sensitive: {{a: output/a.csv}}}}\n"
    with pytest.raises(SpecError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.line, problem.where.column) == ("run-syntax", line, column)


def test_the_level_that_old_projects_have_stays_inside():
    text = "version: 2\nactions: {a: {run: 'r:v1 a.R', outputs: {minimally_sensitive: {a: output/a.csv}}}}"
    assert parse(text).actions[0].outputs[0].sensitivity is Sensitivity.HIGH


def test_a_cycle_is_named_link_by_link():
    text = "version: 4\nactions:\n" + "".join(
        f"  {a}: {{run: 'r:v2 {a}.R', needs: [{b}], outputs: {{highly_sensitive: {{a: output/{a}.csv}}}}}}\n"
        for a, b in ("ab", "bc", "ca", "da")
    )
    with pytest.raises(SpecError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert problem.fix == "Delete one of these needs: a needs b needs c needs a."
