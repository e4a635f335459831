"""Promises: honest epidemiology passes the guard, means what DuckDB says it means, and has its people counted [P9] [P10].

Every file of `honest/` begins with what is expected of it. Results and counts of people are held against the slow
interpreter, which follows people through a query as sets.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from job_specs.sql.guard import guard, guard_extract
from job_specs.sql.model import Guarded, NotProved, Units
from job_specs.sql.units import units
from tests.sql.sql_scope import PARAMETERS, SCOPE
from tests.sql.sql_world import (
    apart_otherwise,
    engine,
    half,
    load,
    oracle,
    people_expected,
    plain,
    too_high,
    world,
)

QUERIES = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "honest").glob("*.sql"))}
EXPECTED = {name: text.split("\n", 1)[0].removeprefix("-- ") for name, text in QUERIES.items()}
AGGREGATES = [name for name, kind in EXPECTED.items() if not kind.startswith("extract")]
EXTRACTS = [name for name, kind in EXPECTED.items() if kind.startswith("extract")]
PROVED = [name for name in AGGREGATES if EXPECTED[name] == "proved"]
SEEDS = (1, 2)


@cache
def admitted(name: str) -> Guarded:
    admit = guard_extract if name in EXTRACTS else guard
    return admit(QUERIES[name], SCOPE, parameters=PARAMETERS)


def bounded(name: str) -> bool:
    found = units(admitted(name), SCOPE)
    return isinstance(found, Units) and bool(found.bound)


class World(NamedTuple):
    tables: dict[str, list[dict[str, Any]]]
    connection: duckdb.DuckDBPyConnection


@pytest.fixture(scope="module", params=SEEDS)
def populated(request: pytest.FixtureRequest) -> Iterator[World]:
    tables = world(request.param, people=24)
    with duckdb.connect(":memory:") as connection:
        load(connection, SCOPE, tables)
        yield World(tables, connection)


def test_there_are_a_hundred_honest_queries_and_nine_in_ten_aggregates_are_proved() -> None:
    assert len(QUERIES) >= 100
    assert len(PROVED) >= 0.9 * len(AGGREGATES)


def test_every_table_is_asked_and_all_of_them_are_joined() -> None:
    joined = {scope.table for scope in admitted("all_tables_joined").tables}
    assert joined == {table.name for table in SCOPE.tables}


@pytest.mark.parametrize("name", AGGREGATES)
def test_an_honest_aggregate_is_admitted_and_counted_as_expected(name: str) -> None:
    found = units(admitted(name), SCOPE)
    assert isinstance(found, Units if EXPECTED[name] == "proved" else NotProved), found
    assert [column.name for column in found.columns] == list(admitted(name).output_columns)


@pytest.mark.parametrize("name", EXTRACTS)
def test_an_honest_extract_is_admitted_and_says_whether_its_rows_are_unique(name: str) -> None:
    guarded = admitted(name)
    assert guarded.output_columns[0] == "patient_id"
    assert f"extract {guarded.one_row_per_patient}" == EXPECTED[name]


@pytest.mark.parametrize("name", EXTRACTS)
def test_what_is_called_unique_is_unique(name: str, populated: World) -> None:
    guarded = admitted(name)
    ids = [row["patient_id"] for row in engine(populated.connection, guarded, guarded.sql)]
    assert ids
    assert None not in ids
    if guarded.one_row_per_patient == "proved":
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", PROVED)
def test_rows_and_people_are_those_of_the_slow_interpreter(name: str, populated: World) -> None:
    guarded = admitted(name)
    counted = units(guarded, SCOPE)
    assert isinstance(counted, Units)
    rows = engine(populated.connection, guarded, guarded.sql)
    with_people = engine(populated.connection, guarded, counted.sql)
    expected = oracle(populated.tables, SCOPE, guarded)
    columns = guarded.output_columns
    assert Counter(tuple(plain(row[c]) for c in columns) for row in rows) == Counter(
        tuple(plain(row.values[c]) for c in columns) for row in expected
    )
    people = [name for name in (with_people[0] if with_people else {}) if name.endswith("_people")]
    assert Counter(
        (*(plain(row[c]) for c in columns), *(row[p] for p in people)) for row in with_people
    ) == Counter(
        (*(plain(row.values[c]) for c in columns), *(people_expected(row, counted)[p] for p in people))
        for row in expected
    )


@pytest.fixture(scope="module")
def a_part(populated: World) -> Iterator[duckdb.DuckDBPyConnection]:
    """Half of the people, and all that is theirs."""
    with duckdb.connect(":memory:") as connection:
        load(connection, SCOPE, half(populated.tables))
        yield connection


@pytest.mark.parametrize("name", [name for name in PROVED if bounded(name)])
def test_what_a_part_of_the_people_says_of_a_row_is_never_above_the_people_in_it(
    name: str, populated: World, a_part: duckdb.DuckDBPyConnection
) -> None:
    assert not too_high(populated.connection, a_part, admitted(name))


def test_who_does_not_ask_for_distinct_people_does_not_wait_for_an_exact_count() -> None:
    found = {name: units(admitted(name), SCOPE) for name in PROVED if "DISTINCT" not in admitted(name).sql}
    counted = {
        name: each for name, each in found.items() if isinstance(each, Units) and "DISTINCT" in each.sql
    }
    assert counted
    waits = [each for each in counted.values() if not each.bound]
    assert all("percentile" in {column.role for column in each.columns} for each in waits)


@pytest.mark.parametrize("name", [name for name in PROVED if bounded(name)])
def test_a_few_rows_are_counted_alone_as_they_are_with_the_others(name: str, populated: World) -> None:
    assert not apart_otherwise(populated.connection, admitted(name))
