"""The catalogue says what there is, refuses to contradict itself, and gives a scope of what was approved [P7, P8]."""

import pytest

from tre.data.catalogue import BACKENDS, CATALOGUE, catalogue_of, load_catalogue, scope
from tre.data.catalogue_export import EXPORTS
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


EVERY_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


@EVERY_BACKEND
def test_every_backend_says_of_every_column_what_the_guard_and_the_checks_must_know(backend):
    found = catalogue_of(backend)
    assert found.backend == backend
    for table in found.tables:
        assert table.meaning
        assert found.controllers[table.controller]
        assert table.source
        for column in table.columns:
            assert column.meaning
            assert column.source
            assert column.type
            assert column.sensitivity
            if column.dimension and column.type == "DATE":
                assert column.generalise, (
                    f"{table.name}.{column.name} may be a dimension, and says not how coarse"
                )


def test_the_two_backends_differ_as_the_real_ones_do():
    tpp, emis = (
        {(table.name, column.name) for table in catalogue_of(name).tables for column in table.columns}
        for name in BACKENDS
    )
    assert {table for table, _ in tpp - emis} >= {"covid_tests", "admissions", "patients"}
    assert ("patients", "rural_urban_classification") in emis - tpp
    assert ("clinical_events", "snomedct_code") in tpp & emis


def test_a_backend_that_is_not_there_is_refused_by_name():
    with pytest.raises(CatalogueInvalid) as refused:
        catalogue_of("vision")
    assert refused.value.code == "backend-unknown"


@EVERY_BACKEND
def test_the_catalogue_is_exported_as_dcat_with_a_controller_for_every_dataset(backend):
    found = catalogue_of(backend)
    exported = EXPORTS["dcat"](found)
    assert exported["@type"] == "dcat:Catalog"
    assert exported["dct:identifier"] == found.digest
    datasets = {each["dct:title"]: each for each in exported["dcat:dataset"]}
    assert set(datasets) == {table.name for table in found.tables}
    for table in found.tables:
        dataset = datasets[table.name]
        assert dataset["@type"] == "dcat:Dataset"
        assert dataset["dct:publisher"]["foaf:name"] == found.controllers[table.controller]
        assert dataset["dcat:keyword"] == [column.name for column in table.columns]
    prefixes = set(exported["@context"])
    assert {key.partition(":")[0] for key in datasets["patients"] if ":" in key} <= prefixes


@EVERY_BACKEND
def test_the_catalogue_is_exported_as_csvw_that_describes_the_very_columns(backend):
    found = catalogue_of(backend)
    exported = EXPORTS["csvw"](found)
    assert exported["@context"][0] == "http://www.w3.org/ns/csvw"
    assert exported["@type"] == "TableGroup"
    by_url = {each["url"]: each for each in exported["tables"]}
    for table in found.tables:
        columns = by_url[f"{backend}/{table.name}.csv"]["tableSchema"]["columns"]
        assert [column["name"] for column in columns] == [column.name for column in table.columns]
        assert all(column["dc:description"] and column["datatype"]["base"] for column in columns)
        assert len({column["name"] for column in columns}) == len(columns)
    assert by_url[f"{backend}/patients.csv"]["tableSchema"]["primaryKey"] == "patient_id"
