"""The twin holds: an attacker who tries every table, and who knows the rules, finds nobody in it."""

import csv
import io
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output_checks.check import check
from output_checks.model import CellRef, Offered, Verdict
from output_checks.policy import Policy, load_policy
from output_checks.suppress.complement import protect
from output_checks.suppress.rounding import rounded
from output_checks.suppress.system import Quantity, Sum, System
from tests.output_checks.brute_force_tables import hidden_ranges

HIDE = load_policy()
SHOW = replace(HIDE, zero="show")  # with every row kept, an attacker has the most to go on
POLICY = SHOW
policies = st.sampled_from([HIDE, SHOW])
COUNTS = {"statistic": "frequencies", "of": "cohort", "by": ["sex", "age"], "columns": {"n": "count"}}
small_tables = st.lists(
    st.lists(st.sampled_from([0, 1, 2, 3, 5, 7, 8, 9, 11, 14, 20, 31]), min_size=3, max_size=3),
    min_size=2,
    max_size=3,
)


def with_totals(inner: list[list[int]]) -> list[list[int]]:
    rows = [[*row, sum(row)] for row in inner]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def as_file(rows: list[list[int]]) -> bytes:
    names = [f"r{at}" for at in range(len(rows) - 1)] + ["Total"]
    lines = [
        f"{name},{age},{n}"
        for name, row in zip(names, rows, strict=True)
        for age, n in zip("abcT", row, strict=True)
    ]
    return ("sex,age,n\n" + "\n".join(lines).replace(",T,", ",Total,") + "\n").encode()


def from_twin(twin: bytes, inner: list[list[int]]) -> list[list[int | None]]:
    """The twin as its table, in the attacker's eyes: a row that is not there is a number that is hidden."""
    cells = {(row[0], row[1]): row[2] for row in list(csv.reader(io.StringIO(twin.decode())))[1:]}
    names = [f"r{at}" for at in range(len(inner))] + ["Total"]
    numbers = [[cells.get((name, age), POLICY.mark) for age in ("a", "b", "c", "Total")] for name in names]
    return [[None if number == POLICY.mark else int(number) for number in row] for row in numbers]


@given(small_tables, policies)
@settings(max_examples=120, deadline=None)
def test_whoever_tries_every_table_cannot_corner_a_hidden_number(
    inner: list[list[int]], policy: Policy
) -> None:
    rows = with_totals(inner)
    report = check(Offered("t.csv", as_file(rows), COUNTS), policy)
    if report.verdict is Verdict.REFUSED:
        assert report.twin is None
        return
    assert report.twin is not None
    shown = from_twin(report.twin, inner)
    for r, row in enumerate(inner):
        for c, number in enumerate(row):
            if policy.is_small(number) or (policy is HIDE and not number):
                assert shown[r][c] is None
            elif shown[r][c] is not None:
                assert shown[r][c] == policy.rounded(number)
    if sum(number is None for row in shown[:-1] for number in row[:-1]) <= 5:
        for (r, c), could_be in hidden_ranges(shown, 5).items():
            if policy.is_small(inner[r][c]):
                assert {0, 5} <= could_be, "it could be anything from 1 to 7"


@given(small_tables, policies)
@settings(max_examples=80, deadline=None)
def test_what_is_shown_adds_up(inner: list[list[int]], policy: Policy) -> None:
    report = check(Offered("t.csv", as_file(with_totals(inner)), COUNTS), policy)
    if report.twin is None:
        return
    shown = from_twin(report.twin, inner)
    for line in [*shown, *map(list, zip(*shown, strict=True))]:
        if None not in line:
            assert sum(line[:-1]) == line[-1]  # type: ignore[arg-type]


@given(small_tables)
@settings(max_examples=30, deadline=None)
def test_a_twin_offered_again_is_left_as_it_is(inner: list[list[int]]) -> None:
    first = check(Offered("t.csv", as_file(with_totals(inner)), COUNTS), POLICY)
    if first.twin is None or b"REDACTED" in first.twin:
        return
    again = check(Offered("t.csv", first.twin, COUNTS), POLICY)
    assert again.twin == first.twin


def test_a_pattern_protects_what_no_cell_shows() -> None:
    """Of a hundred people ninety-six are ill: the other four are nowhere in the table."""
    cells = (Quantity((CellRef(0, "n"),), 100), Quantity((CellRef(0, "ill"),), 96), Quantity((), 4))
    pattern = protect(System(cells, (Sum(0, (1,), 2),)), frozenset(), POLICY)
    assert pattern.hidden > {2}
    assert not pattern.unprotected


def test_totals_are_sums_of_what_is_shown() -> None:
    cells = tuple(Quantity((CellRef(at, "n"),), number) for at, number in enumerate((12, 12, 12, 36)))
    assert rounded(System(cells, (Sum(3, (0, 1, 2)),)), POLICY).values == (10, 10, 10, 30)


def by_age(*numbers: int) -> bytes:
    rows = "".join(f"a{at},{number}\n" for at, number in enumerate(numbers))
    return f"age,n\n{rows}Total,{sum(numbers)}\n".encode()


ONE_WAY = {"statistic": "frequencies", "of": "cohort", "by": ["age"], "columns": {"n": "count"}}


@pytest.mark.parametrize("pack", ["opensafely", "sdap-10", "controlled-5"])
def test_whoever_runs_the_checks_on_every_table_finds_no_small_number(pack: str) -> None:
    """The attacker has this very program: which tables look like this one when they are through?"""
    policy = load_policy(pack=pack)
    looks: dict[bytes, list[tuple[int, int]]] = {}
    for pair in product(range(21), repeat=2):
        twin = check(Offered("t.csv", by_age(*pair), ONE_WAY), policy).twin
        looks.setdefault(twin or b"refused", []).append(pair)
    for twin, pairs in looks.items():
        for at in (0, 1):
            could_be = {pair[at] for pair in pairs}
            small = any(policy.is_small(number) for number in could_be)
            assert not small or len(could_be) > 1, twin


@pytest.mark.parametrize(
    ("numbers", "hidden"), [((9, 9, 9), True), ((10, 9, 9), True), ((9, 8, 9), True), ((3, 4, 12), False)]
)
def test_a_total_of_small_numbers_that_are_all_as_large_as_can_be_is_not_shown(
    numbers: tuple[int, ...], hidden: bool
) -> None:
    """Without rounding 27 can only be three times 9, where ten would have been shown."""
    policy = load_policy(pack="sdap-10")
    twin = check(Offered("t.csv", by_age(*numbers), ONE_WAY), policy).twin or b""
    assert (str(sum(numbers)).encode() in twin) is not hidden
