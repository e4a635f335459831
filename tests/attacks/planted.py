"""Two worlds that differ in one person's secret, and everything a researcher sees of what is asked in each.

An attack learns nothing when what comes back is the same in both: whoever sees it can do no better than guess [P9].
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from job_specs.sql.guard import guard
from job_specs.sql.model import SqlRefused, Units
from job_specs.sql.units import units
from output_checks.check import check
from output_checks.model import Confidence, Evidence, Offered, Report, Shares, Verdict
from output_checks.policy import Policy, load_policy
from tests.sql.sql_scope import PARAMETERS, SCOPE
from tests.sql.sql_world import load, world

POLICY = load_policy()
SECRETS = (
    {"imd_quintile": 1, "numeric_value": 826.86, "result": "positive"},
    {"imd_quintile": 5, "numeric_value": 12.5, "result": "negative"},
)
TARGET = 0
Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Seen:
    """All that comes back without a person's decision: a verdict or a refusal's codes, and what may be taken away."""

    verdict: str
    taken: bytes | None = None


@cache
def tables(secret: int) -> Tables:
    """The world in which the target's secret is one of the two: the only person of their birthday, alone in their group."""
    made = world(11, people=300)
    target = made["patients"][TARGET]
    target |= {
        "sex": "unknown",
        "ethnicity": "Mixed",
        "region": "London",
        "imd_quintile": SECRETS[secret]["imd_quintile"],
    }
    target["date_of_birth"] = target["date_of_birth"].replace(year=1921)
    who, day = target["patient_id"], made["clinical_events"][0]["date"]
    for name in ("clinical_events", "covid_tests"):
        made[name] = [row for row in made[name] if row["patient_id"] != who]
    value, result = SECRETS[secret]["numeric_value"], SECRETS[secret]["result"]
    made["clinical_events"].append(
        {"patient_id": who, "date": day, "snomedct_code": "c7", "numeric_value": value}
    )
    made["covid_tests"].append({"patient_id": who, "specimen_date": day, "result": result})
    return made


@contextmanager
def database(secret: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """That world in DuckDB."""
    with duckdb.connect(":memory:") as connection:
        load(connection, SCOPE, tables(secret))
        yield connection


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> Seen:
    """A query through the guard, the engine's count of people, and the checks."""
    try:
        guarded = guard(sql, SCOPE, parameters=PARAMETERS)
    except SqlRefused as refused:
        return Seen("refused: " + ", ".join(sorted({problem.code for problem in refused.problems})))
    counted = units(guarded, SCOPE)
    text = counted.sql if isinstance(counted, Units) else guarded.sql
    rows = connection.execute(f"FROM ({text}) ORDER BY ALL", dict(guarded.parameters) or None)
    names = [column[0] for column in rows.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    content = as_csv(guarded.output_columns, found)
    evidence = _evidence(counted, found) if isinstance(counted, Units) else None
    return seen(check(Offered("t.csv", content, None, evidence), POLICY))


def as_csv(names: tuple[str, ...], found: list[dict[str, Any]]) -> bytes:
    """Rows as the engine writes them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if row[name] is None else row[name] for name in names] for row in found])
    return out.getvalue().encode()


def _evidence(counted: Units, found: list[dict[str, Any]]) -> Evidence:
    shares = {
        column.name: tuple(_shares(row, column.name, column.top1, column.top2) for row in found)
        for column in counted.columns
        if column.top1 is not None and column.top2 is not None
    }
    people = tuple(int(row["tre_people"]) for row in found)
    roles = {column.name: column.role for column in counted.columns}
    partly = (each.name for each in counted.columns if each.role == "count_people" and not each.everybody)
    return Evidence(
        people,
        Confidence.PROVED,
        roles,
        shares,
        partly=frozenset(partly),
        made={each.name: each.made.known for each in counted.columns if each.made.known},
        unsure=frozenset(each.name for each in counted.columns if each.made.unsure),
    )


def _shares(row: Mapping[str, Any], name: str, top1: str, top2: str) -> Shares:
    largest, both = (abs(float(row[each] or 0)) for each in (top1, top2))
    return Shares(max(abs(float(row[name] or 0)), largest, both), largest, max(0.0, both - largest))


def seen(report: Report) -> Seen:
    """What comes back of a checked file: the twin where no person has to decide, else only the verdict.

    That something was hidden at all is told to the researcher in coarse words [P1], and is not counted as learned here.
    """
    alone = report.verdict in (Verdict.CLEAN, Verdict.SUPPRESSED)
    return Seen("offered" if alone else str(report.verdict), report.twin if alone else None)


def offered(path: str, content: bytes, declaration: Mapping[str, Any] | None = None, **more: Any) -> Seen:
    """A file through the checks."""
    return seen(check(Offered(path, content, declaration, **more), POLICY))


def judged(path: str, content: bytes, declaration: Mapping[str, Any] | None = None, **more: Any) -> Report:
    """A file's whole report."""
    return check(Offered(path, content, declaration, **more), POLICY)


def learns_nothing(attack: Callable[[int], object]) -> bool:
    """Whether an attack brings the same back in both worlds."""
    return attack(0) == attack(1)


def stricter(policy: Policy = POLICY, **wishes: Any) -> Policy:
    """A study's own, stricter policy."""
    return policy.tightened(**wishes)
