"""The twin holds: an attacker who tries every table, and who knows the rules, finds nobody in it."""

import csv
import io
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from output_checks.check import check
from output_checks.model import CellRef, Offered, Verdict
from output_checks.policy import load_policy
from output_checks.suppress.complement import protect
from output_checks.suppress.rounding import rounded
from output_checks.suppress.system import Quantity, Sum, System
from tests.output_checks.brute_force_tables import hidden_ranges

POLICY = replace(load_policy(), zero="show")  # with every row kept, an attacker has the most to go on
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


def from_twin(twin: bytes, width: int) -> list[list[int | None]]:
    cells = [row[2] for row in csv.reader(io.StringIO(twin.decode()))][1:]
    numbers = [None if cell == POLICY.mark else int(cell) for cell in cells]
    return [numbers[at : at + width] for at in range(0, len(numbers), width)]


@given(small_tables)
@settings(max_examples=60, deadline=None)
def test_whoever_tries_every_table_cannot_corner_a_hidden_number(inner: list[list[int]]) -> None:
    rows = with_totals(inner)
    report = check(Offered("t.csv", as_file(rows), COUNTS), POLICY)
    if report.verdict is Verdict.REFUSED:
        assert report.twin is None
        return
    assert report.twin is not None
    shown = from_twin(report.twin, 4)
    for r, row in enumerate(inner):
        for c, number in enumerate(row):
            if POLICY.is_small(number):
                assert shown[r][c] is None
            elif shown[r][c] is not None:
                assert shown[r][c] == POLICY.rounded(number)
    if sum(number is None for row in shown[:-1] for number in row[:-1]) <= 4:
        for (r, c), could_be in hidden_ranges(shown, 5).items():
            if POLICY.is_small(inner[r][c]):
                assert {0, 5} <= could_be, "it could be anything from 1 to 7"


@given(small_tables)
@settings(max_examples=60, deadline=None)
def test_what_is_shown_adds_up(inner: list[list[int]]) -> None:
    report = check(Offered("t.csv", as_file(with_totals(inner)), COUNTS), POLICY)
    if report.twin is None:
        return
    shown = from_twin(report.twin, 4)
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
