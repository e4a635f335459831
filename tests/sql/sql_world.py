"""A small world for the SQL tests: random people with every edge case, in memory and in DuckDB, and one way to ask both."""

import math
import random
import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import duckdb

from job_specs.sql.agree import understand
from job_specs.sql.model import Guarded, Scope, Units
from job_specs.sql.refusals import Refusals
from job_specs.sql.units import units
from tests.oracles.sql_interpreter import Interpreter, Row
from tests.sql.sql_scope import SCOPE

_START = date(2020, 1, 1)
_REGIONS = ("London", "Midlands", "North West", "South East", "South West")


def world(seed: int, people: int = 40) -> dict[str, list[dict[str, Any]]]:
    """Tables of the test scope: gaps, duplicates, people without events and events of any date."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    ids = [uuid.UUID(int=chance.getrandbits(128)) for _ in range(people)]
    return {
        "patients": [_person(chance, who) for who in ids],
        "practice_registrations": _events(chance, ids, 2, _registration),
        "clinical_events": _events(chance, ids, 6, _coded),
        "medications": _events(
            chance, ids, 4, lambda c: {"date": _day(c), "dmd_code": c.choice(("d1", "d2", "d3", "d4"))}
        ),
        "vaccinations": _events(chance, ids, 3, _vaccination),
        "covid_tests": _events(chance, ids, 2, _test),
        "admissions": _events(chance, ids, 2, _stay),
        "ons_deaths": _events(chance, ids[: people // 3], 1, _death),
    }


def load(
    connection: duckdb.DuckDBPyConnection, scope: Scope, tables: Mapping[str, list[dict[str, Any]]]
) -> None:
    """Put the world into DuckDB."""
    for table in scope.tables:
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'CREATE OR REPLACE TABLE "{table.name}" ({columns})')
        rows = [[row[column.name] for column in table.columns] for row in tables[table.name]]
        places = ", ".join("?" for _ in table.columns)
        if rows:
            connection.executemany(f'INSERT INTO "{table.name}" VALUES ({places})', rows)  # noqa: S608


def engine(connection: duckdb.DuckDBPyConnection, guarded: Guarded, sql: str) -> list[dict[str, Any]]:
    """The rows that DuckDB gives."""
    cursor = connection.execute(sql, dict(guarded.parameters) or None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def oracle(tables: Mapping[str, list[dict[str, Any]]], scope: Scope, guarded: Guarded) -> list[Row]:
    """The rows that the slow interpreter gives."""
    query = understand(
        guarded.sql,
        scope,
        parameters=frozenset(guarded.parameters),
        refusals=Refusals(guarded.sql, "canonical"),
    )
    patients = {table.name: table.patient for table in scope.tables}
    return Interpreter(tables, patients, guarded.parameters).answer(query)


def people_expected(row: Row, counted: Units) -> dict[str, int]:
    """What every people column of the units query must hold for a row, by the oracle's sets of people."""
    cells = {column.name: row.cells.get(column.name, 0) for column in counted.columns}
    apart = [cells[c.name] for c in counted.columns if c.people.endswith("__people")]
    expected = {c.people: cells[c.name] for c in counted.columns if c.people not in {"tre_people", c.name}}
    everyone = row.people if row.people is not None else len(row.who)
    return expected | {"tre_people": min((n for n in (everyone, *apart) if n), default=0)}


def half(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same tables with every other person, and no trace of the rest."""
    kept = {row["patient_id"] for row in tables["patients"][::2]}
    return {name: [row for row in rows if row["patient_id"] in kept] for name, rows in tables.items()}


def too_high(
    everyone: duckdb.DuckDBPyConnection, some: duckdb.DuckDBPyConnection, guarded: Guarded
) -> list[tuple[Any, ...]]:
    """The rows of which the bound, asked of everyone or of some, says more people than there are."""
    counted = units(guarded, SCOPE)
    if not isinstance(counted, Units) or not counted.bound:
        return []
    truly = _by_dimensions(engine(everyone, guarded, counted.sql), counted)
    said = [_by_dimensions(engine(asked, guarded, counted.bound), counted) for asked in (everyone, some)]
    return [key for each in said for key, people in each.items() if people > truly.get(key, people)]


def apart_otherwise(connection: duckdb.DuckDBPyConnection, guarded: Guarded) -> list[tuple[Any, ...]]:
    """The rows of which the count of a few rows alone says another number of people than the count of all."""
    counted = units(guarded, SCOPE)
    if not isinstance(counted, Units) or not counted.narrow:
        return []
    rows = engine(connection, guarded, counted.sql)
    truly = _by_dimensions(rows, counted)
    names = [column.name for column in counted.columns if column.role == "dimension"]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE tre_unclear AS SELECT {', '.join(names)} FROM ({guarded.sql})",  # noqa: S608
        dict(guarded.parameters) or None,
    )
    few = _by_dimensions(engine(connection, guarded, counted.narrow), counted)
    return [key for key, people in truly.items() if few.get(key) != people]


def _by_dimensions(rows: list[dict[str, Any]], counted: Units) -> dict[tuple[Any, ...], int]:
    """People by dimensions, where no two rows have the same."""
    names = [column.name for column in counted.columns if column.role == "dimension"]
    keys = [tuple(plain(row[name]) for name in names) for row in rows]
    return {key: row["tre_people"] for key, row in zip(keys, rows, strict=True) if keys.count(key) == 1}


def plain(value: Any) -> Any:
    """A value in a form in which equal answers of the two are equal (numbers to 9 digits)."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (str(type(value)), str(value))
    if isinstance(value, date):
        return ("date", value.isoformat()[:10])
    if isinstance(value, uuid.UUID):
        return ("id", str(value))
    if math.isnan(value):
        return plain(None)  # of numbers without spread: DuckDB says NaN of some and NULL of others
    return ("number", f"{float(value):.8g}" if value else "0")


def _events(chance: random.Random, ids: list[uuid.UUID], most: int, make: Any) -> list[dict[str, Any]]:
    rows = []
    for who in ids:
        made = [make(chance) for _ in range(chance.randint(0, most))]
        # One row a day for a person: which of two rows of one day is "the latest" is nobody's promise.
        by_day = {next(iter(event.values())): event for event in made}
        rows += [{"patient_id": who, **event} for event in by_day.values()]
    return rows


def _day(chance: random.Random) -> date:
    return _START + timedelta(days=chance.randint(0, 1100))


def _person(chance: random.Random, who: uuid.UUID) -> dict[str, Any]:
    return {
        "patient_id": who,
        "date_of_birth": date(chance.randint(1925, 2021), chance.randint(1, 12), 1),
        "sex": chance.choice(("female", "male", "unknown", None)),
        "ethnicity": chance.choice(("White", "Mixed", "Asian", None)),
        "region": chance.choice(_REGIONS),
        "imd_quintile": chance.choice((1, 2, 3, 4, 5, None)),
    }


def _registration(chance: random.Random) -> dict[str, Any]:
    start = _day(chance)
    end = start + timedelta(days=chance.randint(0, 700)) if chance.random() < 0.5 else None
    practice = uuid.UUID(int=chance.randint(1, 5))
    return {"start_date": start, "end_date": end, "practice_pseudo_id": practice, "practice_nuts1_region_name": chance.choice(_REGIONS)}  # fmt: skip


def _coded(chance: random.Random) -> dict[str, Any]:
    code = chance.choice(("c1", "c2", "c3", "c4", "c5", "c6", "c7"))
    # Halves add up exactly in any order; in which order an engine adds, and so a sum's last bit, is nobody's promise.
    value = chance.randint(0, 160) / 2 if chance.random() < 0.8 else chance.choice((None, 0.0))
    return {
        "date": _day(chance) if chance.random() < 0.95 else None,
        "snomedct_code": code,
        "numeric_value": value,
    }


def _vaccination(chance: random.Random) -> dict[str, Any]:
    return {"date": _day(chance), "target_disease": chance.choice(("COVID-19", "influenza")), "product_name": chance.choice("ABC")}  # fmt: skip


def _test(chance: random.Random) -> dict[str, Any]:
    return {"specimen_date": _day(chance), "result": chance.choice(("positive", "negative", "void"))}


def _stay(chance: random.Random) -> dict[str, Any]:
    start = _day(chance)
    end = start + timedelta(days=chance.randint(0, 20)) if chance.random() < 0.9 else None
    return {"admission_date": start, "discharge_date": end, "primary_diagnosis": chance.choice(("I21", "J44", "U071", "E11"))}  # fmt: skip


def _death(chance: random.Random) -> dict[str, Any]:
    return {"date": _day(chance), "underlying_cause_of_death": chance.choice(("I21", "U071", "C34"))}
