"""Study code that knows a secret and steers what it writes by it. Nothing of that leaves without a person who was told; the
honest table does.
"""

import statistics
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from output_checks.agreement import midpoint
from output_checks.check import check
from output_checks.model import Confidence, Evidence, Offered, Verdict
from tests.attacks.planted import judged
from tests.attacks.study_code import (
    POLICY,
    Files,
    More,
    Person,
    Program,
    brought_out,
    grouped,
    people,
    reports,
)

COUNTS = {"statistic": "frequencies", "by": ["region"], "columns": {"n": "count"}}
BY_AGE = COUNTS | {"by": ["region", "age_band"]}
WORDS = ("well", "ill")
Rows = list[list[object]]
Steer = Callable[[Rows, int], Rows]


def counted(everybody: list[Person], *by: str) -> Rows:
    return [[*by, "n"], *([*key, len(who)] for key, who in grouped(everybody, *by).items())]


def steered(steer: Steer, said: Mapping[str, Any] = COUNTS) -> Program:
    """The honest table of counts, changed by a secret."""
    return lambda everybody, secret: [("t.csv", steer(counted(everybody, *said["by"]), secret), said)]


def with_column(name: str, role: object, tell: Callable[[int], object], **said: Any) -> Program:
    """The honest table with one column more, which says the secret."""

    def program(everybody: list[Person], secret: int) -> Files:
        header, *rows = counted(everybody, "region")
        table = [[*header, name], *([*row, tell(secret)] for row in rows)]
        return [("t.csv", table, COUNTS | said | {"columns": COUNTS["columns"] | {name: role}})]  # type: ignore[operator]

    return program


def without_the_last(rows: Rows, secret: int) -> Rows:
    return rows[:-1] if secret else rows


def one_hidden(rows: Rows, secret: int) -> Rows:
    return [*rows[:1], [*rows[1][:-1], "[REDACTED]"], *rows[2:]] if secret else rows


def without_a_small_one(rows: Rows, secret: int) -> Rows:
    small = next(row for row in rows[1:] if int(str(row[-1])) <= POLICY.small_max)
    return [row for row in rows if not (secret and row is small)]


def a_small_one_hidden(rows: Rows, secret: int) -> Rows:
    small = next(row for row in rows[1:] if int(str(row[-1])) <= POLICY.small_max)
    return [[*row[:-1], "*"] if secret and row is small else row for row in rows]


def spelt(how: Callable[[object], object]) -> Steer:
    return lambda rows, secret: [
        rows[0],
        *([how(row[0]) if secret else row[0], *row[1:]] for row in rows[1:]),
    ]


def twice(rows: Rows, secret: int) -> Rows:
    return [*rows, [f"{rows[1][0]}.0", *rows[1][1:]]] if secret else rows


def some_rounded(rows: Rows, secret: int) -> Rows:
    return [
        rows[0],
        *([*row[:-1], POLICY.rounded(int(str(row[-1]))) if secret else row[-1]] for row in rows[1:]),
    ]


def of_no_extract(rows: Rows, secret: int) -> Rows:
    return [rows[0], *([*row[:-1], int(str(row[-1])) + 10 * secret] for row in rows[1:])]


def averaged(column: str, write: Callable[[float, int], object]) -> Program:
    said = {
        "statistic": "linear_aggregation",
        "by": ["region"],
        "value": column,
        "n": "n",
        "columns": {"n": "n", "m": "mean"},
    }

    def program(everybody: list[Person], secret: int) -> Files:
        rows = [
            [*key, len(who), write(statistics.fmean(person[column] for person in who), secret)]
            for key, who in grouped(everybody, "region").items()
        ]
        return [("t.csv", [["region", "n", "m"], *rows], said)]

    return program


def median(everybody: list[Person], _: int) -> Files:
    said = {
        "statistic": "position",
        "by": [],
        "value": "v",
        "percentile": 50,
        "columns": {"n": "n", "m": "percentile"},
    }
    return [("t.csv", [["n", "m"], [len(everybody), statistics.median(p["v"] for p in everybody)]], said)]


def curve(at: Callable[[int], tuple[float, ...]]) -> Program:
    said = {
        "statistic": "survival", "time": "days", "event": "died", "by": ["days"],
        "columns": {"days": "time", "risk": "at_risk", "events": "events"},
    }  # fmt: skip

    def program(everybody: list[Person], secret: int) -> Files:
        rows = [
            [
                day,
                midpoint(sum(p["days"] >= day for p in everybody), 6),
                midpoint(sum(p["died"] and p["days"] <= day for p in everybody), 6),
            ]
            for day in at(secret)
        ]
        return [("t.csv", [["days", "risk", "events"], *rows], said)]

    return program


def a_test_of_anything(everybody: list[Person], secret: int) -> Files:
    said = {
        "statistic": "hypothesis_test", "test": "chi2", "n": 400, "df": 200, "by": ["test"],
        "columns": {"p": "p_value", "df": "df", "n": "n"},
    }  # fmt: skip
    return [("t.csv", [["test", "p", "df", "n"], ["a", 0.05 + secret / 10, 200, len(everybody)]], said)]


def of_those(where: str) -> Program:
    """A count of the North or of the South: which of them, says whether the target had flu."""

    def program(everybody: list[Person], secret: int) -> Files:
        region = ("South", "North")[secret]
        return [
            (
                "t.csv",
                [["n"], [sum(p["region"] == region for p in everybody)]],
                COUNTS | {"by": [], "where": where},
            )
        ]

    return program


FLU = "(SELECT max(flu::INT) FROM cohort WHERE cost = {cost} AND days = {days})"
THERE = "SELECT 1 FROM cohort c WHERE c.flu AND c.cost = {cost} AND c.days = {days}"
TARGET = {"cost": people(0)[0]["cost"], "days": people(0)[0]["days"]}
COSTS = [person["cost"] for person in people(0)]


def told_by_one(at: int, secret: int) -> Person:
    return {"v": 100 if at == 0 and secret else 1}


def a_cost_and_more(at: int, secret: int) -> Person:
    return {"v": COSTS[at] + (2000 if at == 0 and secret else 0)}


ATTACKS: dict[str, tuple[Program, More | None]] = {
    "a row is left out": (steered(without_the_last), None),
    "a large number is hidden before": (steered(one_hidden), None),
    "a small row is left out": (steered(without_a_small_one, BY_AGE), None),
    "a small number is hidden before": (steered(a_small_one_hidden, BY_AGE), None),
    "noughts behind a label": (steered(spelt(lambda year: f"{year}.000"), COUNTS | {"by": ["year"]}), None),
    "letters of a truth": (steered(spelt(lambda died: "tRuE" if died else "nO"), COUNTS | {"by": ["died"]}), None),
    "a row written twice": (steered(twice, COUNTS | {"by": ["year"]}), None),
    "counts rounded before or not": (steered(some_rounded), None),
    "labels that no group is made by": (with_column("note", "dimension", WORDS.__getitem__), None),
    "times that are none": (with_column("note", "time", WORDS.__getitem__), None),
    "a value in a table of counts": (with_column("x", "value", lambda secret: 12.3 + secret), None),
    "records that nobody counts again": (with_column("x", "rows", lambda secret: 100 + 10 * secret), None),
    "a mode that is a message": (with_column("x", "mode", WORDS.__getitem__, statistic="mode", value="age_band"), None),
    "an extract that is not there": (steered(of_no_extract, COUNTS | {"of": "nothing"}), None),
    "a test of anything": (a_test_of_anything, None),
    "how many digits a mean has": (averaged("cost", lambda mean, secret: "0e3" if secret else f"{mean:.2f}"), None),
    "a mean of ones and one hundred": (averaged("v", lambda mean, _: mean), told_by_one),
    "a cost, and the target's made larger": (averaged("v", lambda mean, _: mean), a_cost_and_more),
    "decimals of a time": (curve(lambda secret: (0, 20.0 + secret * 0.000123, 40)), None),
    "which times a curve has": (curve(lambda secret: (0, 20 + secret, 40)), None),
    "whom `where` finds, by one person's row": (
        of_those(f"region = CASE WHEN {FLU.format(**TARGET)} = 1 THEN 'North' ELSE 'South' END"),
        None,
    ),
    "whom `where` finds, if somebody is there": (
        of_those(
            f"region = CASE WHEN EXISTS ({THERE.format(**TARGET)}) THEN 'North' ELSE 'South' END"
        ),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_no_program_can_say_a_secret_to_nobody(name: str) -> None:
    """Either the same comes out in both worlds, or what differs waits for a person who is told why."""
    program, more = ATTACKS[name]
    worlds = [brought_out(program, secret, more) for secret in (0, 1)]
    taken = {each.taken for world in worlds for each in world if each.taken is not None}
    alone = [all(each.taken is not None for each in world) for world in worlds]
    assert worlds[0] == worlds[1] or (len(taken) <= 1 and not all(alone))


HONEST: dict[str, Program] = {
    "counts": steered(lambda rows, _: rows),
    "counts of small groups": steered(lambda rows, _: rows, BY_AGE),
    "counts rounded before": steered(lambda rows, _: some_rounded(rows, 1)),
    "a mean": averaged("cost", lambda mean, _: round(mean, 1)),
    "years as a data frame writes them": steered(
        lambda rows, _: [rows[0], *([f"{row[0]}.0", row[1]] for row in rows[1:])], COUNTS | {"by": ["year"]}
    ),
    "a mode": lambda everybody, _: [
        (
            "t.csv",
            [["region", "n", "x"]]
            + [
                [*key, len(who), statistics.mode(sorted(p["age_band"] for p in who))]
                for key, who in grouped(everybody, "region").items()
            ],
            {"statistic": "mode", "by": ["region"], "value": "age_band", "columns": {"n": "n", "x": "mode"}},
        )
    ],
    "a curve": curve(lambda _: (0, 20, 40)),
    "some people": lambda everybody, _: [
        ("t.csv", counted([p for p in everybody if p["year"] == 2021], "region"), COUNTS | {"where": "year = 2021"})
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_program_needs_nobody_to_be_asked(name: str) -> None:
    (report,) = reports(HONEST[name](people(0), 0), people(0))
    assert report.verdict in (Verdict.CLEAN, Verdict.SUPPRESSED), report.findings
    assert report.level is Confidence.RECOMPUTED


def test_the_twin_is_in_the_datas_own_words() -> None:
    program = steered(spelt(lambda year: f"+{year}.000"), COUNTS | {"by": ["year"]})
    (report,) = reports(program(people(0), 1), people(0))
    assert (report.twin or b"").startswith(b"year,n\n2020,175\n2021,225")


def test_what_was_hidden_before_is_not_shown_although_the_data_would_give_it() -> None:
    (report,) = reports(steered(one_hidden)(people(0), 1), people(0))
    assert b"East" not in (report.twin or b"East")
    assert report.verdict is Verdict.PERSON


@pytest.mark.parametrize("known", [{"mixed": True}, {"chosen": frozenset({"v"})}, {"compared": False}])
def test_a_person_is_told_what_only_a_person_can_see(known: dict[str, Any]) -> None:
    """The median is the target's own amount between two that a condition chose, which no counting of people shows."""
    more: More = lambda at, secret: {"v": 4 + secret if at == 0 else 9 - 18 * (at % 2)}  # noqa: E731
    everybody = people(1, more)
    (report,) = reports(median(everybody, 1), everybody, **known)
    assert report.verdict is Verdict.PERSON


def test_the_programs_own_names_for_files_are_looked_at() -> None:
    everybody = people(0)
    (report,) = reports(HONEST["counts"](everybody, 0), everybody, named_freely=True)
    assert report.verdict is Verdict.PERSON
    named = [(f"output/{everybody[7]['patient_id']}.csv", counted(everybody, "region"), COUNTS)]
    (report,) = reports(named, everybody, named_freely=True)
    assert report.verdict is Verdict.REFUSED


def test_a_query_that_sorts_its_rows_by_a_hidden_number_does_not_show_the_order() -> None:
    """Who is alone in a group and who is one of seven stand in the same order whichever they are."""
    twins = set()
    for rows in ("North,3\nIsle,6\nSouth,200\nEast,300\n", "Isle,3\nNorth,6\nSouth,200\nEast,300\n"):
        content = f"region,n\n{rows}".encode()
        numbers = tuple(int(line.split(",")[1]) for line in rows.split())
        evidence = Evidence(numbers, Confidence.PROVED, {"region": "dimension", "n": "count_people"})
        twins.add(check(Offered("t.csv", content, None, evidence), POLICY).twin)
    assert len(twins) == 1
    assert judged("t.csv", b"region,n\nSouth,200\nEast,300\n", COUNTS | {"of": "c"}).twin is not None
