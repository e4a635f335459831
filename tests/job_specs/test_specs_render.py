"""A value enters SQL as a bound parameter or not at all; templates reach nothing else."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_specs.errors import SpecError
from job_specs.render import render

PARAMETERS = {"index_date": date(2021, 3, 1), "sex": "female", "ages": (0, 18, 65), "on": True, "off": False}
CODELISTS = {"covid": ("U071", "U072")}


def rendered(template: str, **changes):
    return render(template, **({"parameters": PARAMETERS, "codelists": CODELISTS} | changes))


def refusal(template: str, **changes) -> str:
    with pytest.raises(SpecError) as caught:
        rendered(template, **changes)
    return caught.value.problems[0].code


def test_a_value_becomes_a_named_parameter():
    made = rendered("SELECT 1 WHERE d >= {{ parameters.index_date }} AND {{ parameters.index_date }} > e")
    assert made.sql == "SELECT 1 WHERE d >= $index_date AND $index_date > e"
    assert dict(made.parameters) == {"index_date": date(2021, 3, 1)}


def test_only_the_parameters_that_the_query_uses_are_bound():
    assert dict(rendered("SELECT 1 -- nothing").parameters) == {}
    assert dict(rendered("{% if parameters.off %}{{ parameters.sex }}{% endif %} SELECT 1").parameters) == {}


def test_a_list_becomes_one_parameter_for_each_item():
    made = rendered("age IN {{ parameters.ages }}")
    assert made.sql == "age IN ($ages_1, $ages_2, $ages_3)"
    assert dict(made.parameters) == {"ages_1": 0, "ages_2": 18, "ages_3": 65}


def test_a_list_s_items_never_meet_a_parameter_of_their_name():
    made = rendered(
        "{{ parameters.ages }} {{ parameters.ages_1 }}", parameters={"ages": (0, 18), "ages_1": 99}
    )
    assert sorted(made.parameters.values()) == [0, 18, 99]
    assert made.parameters["ages_1"] == 99


def test_loops_and_conditions_see_values_and_write_placeholders():
    template = (
        "{% for age in parameters.ages %}{{ age }}{% if not loop.last %}, {% endif %}{% endfor %}"
        "{% if parameters.sex == 'female' %} F{% endif %}{{ parameters.ages | length }}{{ parameters.ages[1] }}"
    )
    assert rendered(template).sql == "$ages_1, $ages_2, $ages_3 F3$ages_2"


def test_codes_become_literals_after_each_was_checked():
    assert rendered("code IN {{ codelist('covid') }}").sql == "code IN ('U071', 'U072')"
    assert refusal("{{ codelist('covid') }}", codelists={"covid": ("U07') OR 1=1 --",)}) == "macro-argument"
    assert refusal("{{ codelist('covid') }}", codelists={"covid": ()}) == "macro-argument"


@given(st.text(max_size=30))
def test_whatever_a_text_says_it_never_appears_in_the_sql(value):
    made = rendered("SELECT {{ parameters.sex }}", parameters={"sex": value})
    assert made.sql == "SELECT $sex"
    assert duckdb.execute(made.sql, dict(made.parameters)).fetchone() == (value,)


@pytest.mark.parametrize(
    "template",
    [
        "'{{ parameters.sex }}'",
        '"{{ parameters.sex }}"',
        "-- {{ parameters.sex }}",
        "/* {{ parameters.sex }} */",
        "'it''s {{ parameters.sex }}'",
        "$$ {{ parameters.sex }} $$",
        "$tag$ {{ parameters.sex }} $tag$",
        "$sex",
        "{{ parameters.sex }}_other",
        "'unclosed {{ parameters.sex }}",
        "/* /* */ {{ parameters.sex }} */",
        "E'a\\' {{ parameters.sex }}'",
    ],
)
def test_a_placeholder_stands_as_code_or_is_refused(template):
    assert refusal(template) == "template-value"


@pytest.mark.parametrize(
    "template",
    [
        "{{ parameters.sex.__class__ }}",
        "{{ parameters['__class__'] }}",
        "{{ ().__class__.__bases__ }}",
        "{{ codelist.__globals__ }}",
        "{{ parameters.sex | upper }}",
        "{{ parameters.sex | attr('value') }}",
        "{{ parameters.sex ~ 'x' }}",
        "{{ 'a text' }}",
        "{{ parameters }}",
        "{{ codelist }}",
        "{{ self }}",
        "{{ cycler('a') }}",
        "{{ lipsum() }}",
        "{{ namespace() }}",
        "{{ range(0, 100000) }}",
        "{{ range('a', 2) }}",
        "{{ 2 * 3 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 1 / 0 }}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as x %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% call m() %}{% endcall %}",
        "{% for x in parameters.ages recursive %}{{ loop(x) }}{% endfor %}",
        "{% for x in parameters.sex %}{% endfor %}",
        "{{ parameters.ages[99] }}",
        "{{ unknown }}",
        "{{ parameters.unknown }}",
        "{{ parameters.ages < parameters.sex }}",
        "{{ loop.index }}",
        "{{ codelist() }}",
        "{{ codelist('covid', 'x') }}",
        "{{ age_at('date_of_birth', 'now()') }}",
        "{{ age_band('age', ['0; DROP TABLE x']) }}",
        "{{ latest_before('a b', 'date', parameters.index_date) }}",
        "{{ latest_before('events', 'date', parameters.index_date, code='c', codes='(1)') }}",
        "{{",
        "{% if %}",
    ],
)
def test_templates_reach_nothing_but_parameters_codelists_and_macros(template):
    assert refusal(template) in {
        "template-syntax", "template-name", "template-limit", "template-value", "macro-argument"
    }  # fmt: skip


def test_an_unknown_parameter_is_located_with_the_nearest_name():
    with pytest.raises(SpecError) as caught:
        rendered("SELECT 1\nWHERE d > {{ parameters.index_dat }}", file="analysis/q.sql")
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.text, problem.nearest) == (
        "analysis/q.sql:2:1",
        "index_dat",
        "index_date",
    )


@given(st.text("{}%#'\"$-*/ \nabcparmets._()[]|~+=0129", max_size=60))
def test_no_template_makes_anything_but_a_query_or_a_refusal(template):
    try:
        made = rendered(template)
    except SpecError:
        return
    assert set(made.parameters) <= {"index_date", "sex", "on", "off", "ages_1", "ages_2", "ages_3"}


@pytest.fixture(scope="module")
def clinic():
    """Five made-up people whose answers can be counted by hand."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE patients (patient_id INT, date_of_birth DATE, died DATE)")
    connection.execute(
        "INSERT INTO patients VALUES (1, '2000-03-01', NULL), (2, '2000-03-02', '2021-03-11'), "
        "(3, '1940-01-01', '2020-01-01'), (4, NULL, NULL), (5, '2021-06-01', NULL)"
    )
    connection.execute("CREATE TABLE events (patient_id INT, date DATE, code TEXT)")
    connection.execute(
        "INSERT INTO events VALUES (1, '2021-02-28', 'U071'), (1, '2021-03-01', 'U071'), (1, '2020-01-01', 'X'), "
        "(2, '2020-05-05', 'U072'), (2, '2021-01-01', 'U072'), (3, NULL, 'U071')"
    )
    connection.execute("CREATE TABLE practice_registrations (patient_id INT, start_date DATE, end_date DATE)")
    connection.execute(
        "INSERT INTO practice_registrations VALUES (1, '2010-01-01', NULL), (1, '2009-01-01', '2010-01-01'), "
        "(2, '2021-03-01', '2021-03-02'), (3, '2020-01-01', '2021-03-01'), (4, '2021-03-02', NULL)"
    )
    yield connection
    connection.close()


def answer(clinic, template: str):
    made = rendered(template)
    return sorted(clinic.execute(made.sql, dict(made.parameters)).fetchall(), key=str)


def test_age_at_a_date_is_in_completed_years(clinic):
    rows = answer(
        clinic,
        "SELECT patient_id, {{ age_at('date_of_birth', parameters.index_date) }} FROM patients ORDER BY 1",
    )
    assert rows[:4] == [(1, 21), (2, 20), (3, 81), (4, None)]


def test_age_bands_cover_every_age_from_the_first_and_no_unknown_one(clinic):
    rows = answer(
        clinic,
        "SELECT patient_id, {{ age_band(age_at('date_of_birth', parameters.index_date), parameters.ages) }} "
        "FROM patients WHERE patient_id < 5",
    )
    assert rows == [(1, "18-64"), (2, "18-64"), (3, "65+"), (4, None)]
    below = "SELECT {{ age_band('a', [18, 19, 40]) }} FROM (VALUES (17), (18), (19), (40)) AS t(a)"
    assert sorted(row[0] or "none" for row in answer(clinic, below)) == ["18", "19-39", "40+", "none"]


def test_the_latest_event_is_strictly_before_the_date_and_of_the_codelist(clinic):
    rows = answer(
        clinic,
        "SELECT * FROM {{ latest_before('events', 'date', parameters.index_date, code='code', "
        "codes=codelist('covid')) }}",
    )
    assert rows == [(1, date(2021, 2, 28)), (2, date(2021, 1, 1))]


def test_events_are_counted_from_the_start_up_to_not_including_the_end(clinic):
    rendered_sql = (
        "SELECT * FROM {{ count_between('events', 'date', parameters.start, parameters.index_date) }}"
    )
    made = rendered(rendered_sql, parameters={**PARAMETERS, "start": date(2020, 1, 1)})
    assert sorted(clinic.execute(made.sql, dict(made.parameters)).fetchall()) == [(1, 2), (2, 2)]


def test_registered_at_a_date_counts_each_person_once_and_not_on_the_day_they_left(clinic):
    assert answer(clinic, "SELECT * FROM {{ registered_at(parameters.index_date) }}") == [(1,), (2,)]


def test_follow_up_ends_with_the_first_censoring_and_is_never_negative(clinic):
    query = (
        "SELECT patient_id, {{ follow_up_days(parameters.index_date, parameters.end, 'died') }} FROM patients"
    )
    made = rendered(query, parameters={**PARAMETERS, "end": date(2021, 3, 31)})
    rows = sorted(clinic.execute(made.sql, dict(made.parameters)).fetchall())
    assert rows == [(1, 30), (2, 10), (3, 0), (4, 30), (5, 30)]


def test_the_example_s_queries_have_every_parameter_bound():
    folder = Path(__file__).parents[2] / "job_specs" / "examples" / "covid-tests" / "analysis"
    made = render(
        (folder / "tests_by_region.sql").read_text(encoding="utf-8"),
        parameters={
            "start_date": date(2020, 9, 1),
            "end_date": date(2021, 4, 1),
            "age_bands": (0, 18, 40, 65, 80),
        },
        codelists={},
    )
    assert set(made.parameters) == {"start_date", "end_date"}
