"""Whose rows an extract's rows are made of: what is one person's cannot be put into the rows of all without being said."""

import pytest

from job_specs.sql.guard import guard_extract
from tests.sql.sql_scope import PARAMETERS, SCOPE

ALONE = "region = 'London' AND sex = 'unknown' AND ethnicity = 'Mixed'"
MIXED = (
    f"SELECT patient_id, region, (SELECT max(imd_quintile) FROM patients WHERE {ALONE}) AS q FROM patients",  # noqa: S608 - our own words
    f"SELECT patient_id, max(CASE WHEN {ALONE} THEN imd_quintile END) OVER () AS q FROM patients",  # noqa: S608 - our own words
    f"SELECT p.patient_id, t.q FROM patients p CROSS JOIN (SELECT max(imd_quintile) AS q FROM patients WHERE {ALONE}) t",  # noqa: S608 - our own words
    "SELECT p.patient_id, t.q FROM patients p JOIN (SELECT max(imd_quintile) AS q, region FROM patients GROUP BY region) t ON t.region = p.region",
    f"SELECT patient_id, EXISTS (SELECT 1 FROM patients WHERE {ALONE} AND imd_quintile = 1) AS q FROM patients",  # noqa: S608 - our own words
    f"SELECT patient_id, region FROM patients WHERE imd_quintile > (SELECT max(imd_quintile) FROM patients WHERE {ALONE})",  # noqa: S608 - our own words
    f"SELECT patient_id, region FROM patients WHERE region IN (SELECT region FROM patients WHERE {ALONE})",  # noqa: S608 - our own words
    "SELECT patient_id, rank() OVER (ORDER BY imd_quintile) AS q FROM patients",
)
OWN = (
    "SELECT patient_id, region FROM patients",
    "SELECT patient_id, region FROM patients WHERE patient_id IN (SELECT patient_id FROM covid_tests)",
    "SELECT patient_id, EXISTS (SELECT 1 FROM covid_tests t WHERE t.patient_id = p.patient_id) AS tested FROM patients p",
    "SELECT patient_id, (SELECT max(numeric_value) FROM clinical_events e WHERE e.patient_id = p.patient_id) AS v FROM patients p",
    (
        "SELECT p.patient_id, s.n FROM patients p LEFT JOIN (SELECT patient_id, count(*) AS n FROM covid_tests GROUP BY patient_id) s "
        "ON s.patient_id = p.patient_id"
    ),
    (
        "WITH last AS (SELECT patient_id, numeric_value, row_number() OVER (PARTITION BY patient_id ORDER BY date DESC, numeric_value) AS r "
        "FROM clinical_events) SELECT p.patient_id, last.numeric_value FROM patients p "
        "LEFT JOIN last ON last.patient_id = p.patient_id AND last.r = 1"
    ),
)


@pytest.mark.parametrize("sql", MIXED)
def test_rows_that_are_made_of_other_peoples_are_said_to_be(sql: str) -> None:
    assert guard_extract(sql, SCOPE, parameters=PARAMETERS).mixes


@pytest.mark.parametrize("sql", OWN)
def test_rows_of_each_persons_own_records_are_not(sql: str) -> None:
    assert not guard_extract(sql, SCOPE, parameters=PARAMETERS).mixes


def test_amounts_that_a_condition_chose_are_named() -> None:
    sql = f"SELECT patient_id, imd_quintile, CASE WHEN {ALONE} THEN 100 ELSE 1 END AS v FROM patients"  # noqa: S608 - our own words
    assert guard_extract(sql, SCOPE, parameters=PARAMETERS).chosen == ("v",)
