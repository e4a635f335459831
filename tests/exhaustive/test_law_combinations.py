"""[P3] [P5] Every legal basis, on every day that matters, for every purpose, at every step: the answer is the one the law gives."""

from datetime import date

import pytest

from scripts.draw_law import LAWFUL, STEPS, combinations, rows
from tre.custody.policies import POLICIES

COVID_19 = {
    "covid-19-research",
    "covid-19-clinical-audit",
    "covid-19-service-evaluation",
    "covid-19-health-surveillance",
}
FIRST = {
    "copi-2020": date(2020, 3, 17),
    "covid-19-directions-2020": date(2023, 7, 1),
    "das-pilot-2025": date(2025, 6, 1),
}
LAST = {"copi-2020": date(2023, 6, 30), "das-pilot-2025": date(2027, 3, 31)}
LEAVING = {"sign-off", "release", "sign-off-part", "release-part"}


def expected(state: str, basis: str, day: date, purpose: str, step: str) -> str:
    """The law in plain conditions, written down a second time."""
    maintenance = purpose not in COVID_19
    if maintenance and step in LEAVING:
        return "purpose-never-leaves"
    if basis == "das-pilot-2025" and state == "as it ships":
        return "basis-unknown"
    if maintenance and basis == "das-pilot-2025":
        return "purpose-not-permitted"
    in_force = FIRST[basis] <= day and (basis not in LAST or day <= LAST[basis])
    return "yes" if in_force else "basis-lapsed"


def test_every_combination_is_answered_as_the_law_says() -> None:
    wrong = [
        each
        for each in combinations()
        if each[-1] != expected(*each[:2], each[2], str(each[3]), str(each[4]))
    ]
    assert not wrong, wrong[:5]


def test_nothing_is_left_out() -> None:
    found = combinations()
    assert {str(each[4]) for each in found} == {str(step) for step in STEPS} >= {"submit", "start", "release"}
    assert {str(each[3]) for each in found} == COVID_19 | {"platform-maintenance"}
    assert {each[1] for each in found} == set(FIRST)
    days = {each[2] for each in found}
    assert days >= {date(2023, 6, 30), date(2023, 7, 1), date(2027, 3, 31), date(2027, 4, 1)}
    assert len(found) == 2 * 3 * len(days) * 5 * len(STEPS)


@pytest.mark.parametrize("state", ["as it ships", "with the pilot switched on"])
def test_there_is_no_day_on_which_two_covid_19_bases_are_in_force(state: str) -> None:
    by_day: dict[date, set[str]] = {}
    for found, basis, day, _, _, said in combinations():
        if found == state and said == "yes" and basis != "das-pilot-2025":
            by_day.setdefault(day, set()).add(basis)
    assert all(len(bases) == 1 for bases in by_day.values())
    assert list(rows(state))


def test_the_table_asks_the_rules_that_guard_the_steps() -> None:
    governed = {policy.rule: policy.steps for policy in POLICIES}
    assert set(LAWFUL) <= set(governed)
    for rule in LAWFUL[1:5]:
        assert {str(step) for step in governed[rule]} >= {"submit", "start", "release"}
