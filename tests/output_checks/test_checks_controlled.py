"""Controlled rounding: every number within the base of what was counted, every total exact, and nothing small given away."""

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output_checks.audit import Published, exposed
from output_checks.check import check
from output_checks.model import Before, Offered, Report
from output_checks.policy import load_policy
from output_checks.suppress.aim import aim_of
from output_checks.suppress.complement import protect
from output_checks.suppress.controlled import controlled
from output_checks.suppress.rounding import rounded
from output_checks.suppress.system import System
from tests.output_checks.elimination_by_hand import solved_for
from tests.output_checks.suppression_instances import cube, small

POLICY = load_policy(pack="controlled-5")
BASE = POLICY.rounding_base
numbers = st.integers(0, 60)
two_way = st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=2, max_size=5)
three_way = st.lists(numbers, min_size=12, max_size=12)
NOWHERE = "5305 0525 3205 / 05a1 445a 0330"
"""A 2 x 3 x 4 table of which no choice of neighbouring multiples adds up in every direction (a is ten)."""


def flat(rows: list[list[int]]) -> System:
    return cube({(f"r{r}", f"c{c}"): n for r, row in enumerate(rows) for c, n in enumerate(row)})


def deep(cells: list[int]) -> System:
    return cube({tuple(key): n for key, n in zip(product("ab", "cd", "efg"), cells, strict=True)})


def nowhere() -> System:
    digits = [int(each, 16) for each in NOWHERE if each not in " /"]
    keys = product("ab", "cde", "fghi")
    return cube({tuple(key): n for key, n in zip(keys, digits, strict=True)})


def hold(system: System, values: tuple[int, ...]) -> None:
    """Each within the base, multiples as they were, every sum exact."""
    for shown, each in zip(values, system.quantities, strict=True):
        assert abs(shown - each.value) < BASE
        assert shown % BASE == 0
        assert each.value % BASE or shown == each.value
    for one in system.sums:
        assert values[one.total] == sum(values[part] for part in one.parts)


@given(two_way)
@settings(max_examples=80, deadline=None)
def test_every_two_way_table_adds_up_near_what_was_counted(rows: list[list[int]]) -> None:
    system = flat(rows)
    shown = rounded(system, POLICY)
    hold(system, shown.values)
    assert not shown.torn


@given(three_way)
@settings(max_examples=60, deadline=None)
def test_so_does_a_three_way_table(cells: list[int]) -> None:
    system = deep(cells)
    hold(system, rounded(system, POLICY).values)


@given(st.lists(numbers, min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_no_other_choice_moves_the_numbers_less(cells: list[int]) -> None:
    """Every choice of a 2 x 2 table, tried; what is preferred to nearness (no number shown as a few) is left out."""
    system = flat([cells[:2], cells[2:]])
    if any(each.value < 2 * BASE and each.value % BASE for each in system.quantities):
        return
    found = controlled(system, POLICY, {})
    assert found is not None
    choices = product(*(sorted(POLICY.shown_as(each.value)) for each in system.quantities))
    fitting = [
        values
        for values in choices
        if all(values[each.total] == sum(values[part] for part in each.parts) for each in system.sums)
    ]
    assert _moved(system, found) == min(_moved(system, values) for values in fitting)


def _moved(system: System, values: tuple[int, ...]) -> int:
    return sum(abs(shown - each.value) for shown, each in zip(values, system.quantities, strict=True))


@given(three_way)
@settings(max_examples=40, deadline=None)
def test_what_is_hidden_after_it_stays_hidden(cells: list[int]) -> None:
    system = deep(cells)
    primary = small(system, POLICY)
    pattern = protect(system, primary, POLICY)
    protected = primary - pattern.unprotected
    hold(system, pattern.values)
    assert not solved_for(system, pattern.hidden) & protected
    assert not exposed(Published(system, pattern.values, pattern.hidden), protected, aim_of(POLICY))


def test_a_table_that_cannot_be_rounded_so_is_rounded_as_before_and_nothing_is_bent() -> None:
    system = nowhere()
    assert controlled(system, POLICY, {}) is None
    values = rounded(system, POLICY).values
    inner = {place for each in system.sums for place in each.parts} - {each.total for each in system.sums}
    assert all(values[place] == POLICY.rounded(system.quantities[place].value) for place in inner)


def test_the_same_table_is_rounded_the_same() -> None:
    lot = Random(4)  # noqa: S311 - repeatable on purpose
    cells = [lot.randrange(60) for _ in range(12)]
    assert rounded(deep(cells), POLICY) == rounded(deep(cells), POLICY)


DECLARED = {"statistic": "frequencies", "of": "cohort", "by": ["sex"], "columns": {"n": "count"}}


def judged(text: str, *left: Before) -> Report:
    return check(Offered("t.csv", text.encode(), DECLARED, left_before=left), POLICY)


def test_the_twin_of_a_file_adds_up_to_a_total_near_its_own() -> None:
    """Four twelves are 48: rounded alone they would add up to 40."""
    report = judged("sex,n\na,12\nb,12\nc,12\nd,12\nTotal,48\n")
    assert report.twin is not None
    shown = dict(line.split(",") for line in report.twin.decode().splitlines()[1:])
    assert int(shown["Total"]) in (45, 50)
    assert sum(int(shown[each]) for each in "abcd") == int(shown["Total"])


@pytest.mark.parametrize("then", ["10", "15"])
def test_a_number_that_left_before_is_shown_as_it_was(then: str) -> None:
    before = Before(b"sex,n\na,12\n", f"sex,n\na,{then}\n".encode())
    report = judged("sex,n\na,12\nb,13\nc,40\nTotal,65\n", before)
    assert report.twin is not None
    assert f"a,{then}\n" in report.twin.decode()


def test_a_file_whose_totals_end_up_far_from_their_own_says_so() -> None:
    """A total of 100 of 95 over what was rounded before: its parts are multiples already, and add up to 90."""
    report = judged("sex,n\na,45\nb,45\nTotal,95\n")
    assert report.twin is not None
    assert "Total,90" in report.twin.decode()
    assert "No way was found to round" in str(report.findings)
    assert "No way was found to round" not in str(judged("sex,n\na,12\nb,13\nTotal,25\n").findings)


def test_a_file_that_is_rounded_this_way_already_is_left_as_it_is() -> None:
    text = "sex,n\na,10\nb,15\nTotal,25\n"
    report = judged(text)
    assert report.twin == text.encode()


def by_age(*counts: int) -> bytes | None:
    rows = "".join(f"a{at},{number}\n" for at, number in enumerate(counts))
    return judged(f"sex,n\n{rows}Total,{sum(counts)}\n").twin


def test_a_total_does_not_say_which_way_a_hidden_number_in_it_went() -> None:
    """Whoever has this program tries every table near one: were seven rounded up in the sum now and then, it would be known."""
    shown = by_age(11, 11, 7)
    nearby = product(range(8, 16), range(8, 14), range(1, 8))
    assert len({few for one, other, few in nearby if by_age(one, other, few) == shown}) > 1
