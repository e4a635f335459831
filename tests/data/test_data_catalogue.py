"""The catalogue says what there is, refuses to contradict itself, and gives a scope of what was approved [P7, P8]."""

import pytest

from tre.data.catalogue import CATALOGUE, load_catalogue, scope
from tre.data.errors import CatalogueInvalid, Reason


def test_every_table_has_a_controller_a_group_and_one_patient(catalogue):
    assert len(catalogue.tables) == 8
    assert {table.patient.name for table in catalogue.tables} == {"patient_id"}
    assert {table.group for table in catalogue.tables} == set(catalogue.groups)
    assert all(
        column.meaning.endswith(".") or column.meaning
        for table in catalogue.tables
        for column in table.columns
    )


def test_nothing_that_names_a_person_or_a_practice_is_a_dimension(catalogue):
    dimensions = {column.name for table in catalogue.tables for column in table.columns if column.dimension}
    assert not dimensions & {"patient_id", "practice_pseudo_id"}
    assert {"sex", "region"} <= dimensions


def test_every_date_and_place_says_how_it_is_coarsened(catalogue):
    for table in catalogue.tables:
        for column in table.columns:
            if column.dimension and (column.type == "DATE" or "nuts1" in column.name):
                assert column.generalise, f"{table.name}.{column.name}"


def test_a_scope_is_what_was_approved_and_the_patient(catalogue):
    (table,) = scope(catalogue, {"covid_tests": ["result"]})
    assert table == {
        "name": "covid_tests",
        "patient": "patient_id",
        "rows_are": "events",
        "columns": [
            {"name": "patient_id", "type": "UUID", "dimension": False},
            {"name": "result", "type": "VARCHAR", "dimension": True},
        ],
    }


@pytest.mark.parametrize(
    ("approved", "code", "fix"),
    [
        ({"patient": ["sex"]}, "table-unknown", "patients"),
        ({"patients": ["sexx"]}, "column-unknown", "patients.sex"),
        ({"patients": ["nhs_number"]}, "column-unknown", ""),
        ({}, "scope-empty", ""),
    ],
)
def test_a_scope_of_what_is_not_there_is_refused_with_the_nearest(catalogue, approved, code, fix):
    with pytest.raises(CatalogueInvalid) as refused:
        scope(catalogue, approved)
    assert refused.value.code == code
    assert fix in refused.value.fix


WRONG = {
    "an unknown key": ('sex = { type = "VARCHAR"', 'sex = { colour = "red", type = "VARCHAR"'),
    "an unknown type": ('sex = { type = "VARCHAR"', 'sex = { type = "TEXT"'),
    "an unknown transform": ('source = "sex", transform = "copy"', 'source = "sex", transform = "encrypt"'),
    "a number copied as it is": (
        'source = "nhs_number", transform = "pseudonym"',
        'source = "nhs_number", transform = "copy"',
    ),
    "a birthday as it is": ('transform = "month"', 'transform = "copy"'),
    "a pseudonym as a dimension": (
        'sensitivity = "pseudonym", meaning',
        'sensitivity = "pseudonym", dimension = true, meaning',
    ),
    "a practice as a dimension": (
        'sensitivity = "organisation"',
        'sensitivity = "organisation", dimension = true',
    ),
    "no meaning": ('meaning = "Sex as recorded by the practice."', 'meaning = " "'),
    "an unknown group": ('group = "hospital"', 'group = "clinic"'),
    "an unknown controller": ('controller = "practices"', 'controller = "somebody"'),
    "an order by what is not there": ('order = ["patient_id", "specimen_date"]', 'order = ["nobody"]'),
    "a name that is SQL": ("sex = {", '"sex; DROP" = {'),
    "not TOML": ("[groups]", "[groups"),
}


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_a_catalogue_that_is_not_sound_is_refused(tmp_path, old, new):
    text = CATALOGUE.read_text("utf-8")
    assert old in text
    path = tmp_path / "catalogue.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CatalogueInvalid) as refused:
        load_catalogue(path)
    assert refused.value.code.startswith("catalogue-")


def test_a_refusal_is_never_silent():
    with pytest.raises(ValueError, match="a refusal needs"):
        Reason("code", "", "fix")
