"""The attacker: what it calls protected could really be otherwise, and it calls nothing else so."""

import ast
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import output_checks.audit
from output_checks.audit import Interval, Published, exposed, interval
from output_checks.model import CellRef
from output_checks.suppress.aim import Aim
from output_checks.suppress.system import Quantity, Sum, System

COVER = Aim(floor=1, low=1, high=7)
EXACT = Aim(floor=0, low=1, high=7, cover=False)


def square(*values: int) -> System:
    """Two by two with row and column totals: a b / c d, then the rows' and the columns' totals."""
    a, b, c, d = values
    numbers = (a, b, c, d, a + b, c + d, a + c, b + d)
    cells = tuple(Quantity((CellRef(at, "n"),), number) for at, number in enumerate(numbers))
    return System(cells, (Sum(4, (0, 1)), Sum(5, (2, 3)), Sum(6, (0, 2)), Sum(7, (1, 3))))


def published(values: Sequence[int], hidden: set[int]) -> Published:
    system = square(*values)
    return Published(system, [each.value for each in system.quantities], frozenset(hidden))


def test_a_hidden_number_alone_in_its_row_is_found() -> None:
    assert exposed(published((3, 20, 30, 40), {0}), [0], EXACT) == {0}
    assert exposed(published((3, 20, 30, 40), {0}), [0], COVER) == {0}


def test_four_corners_protect_each_other_as_far_as_their_numbers_reach() -> None:
    assert not exposed(published((3, 20, 30, 40), {0, 1, 2, 3}), [0], COVER)
    tight = published((3, 1, 1, 40), {0, 1, 2, 3})
    assert exposed(tight, [0], COVER) == {0}, "its neighbours are too small to hide behind"
    assert interval(tight, 0, COVER) == Interval(1, 3)


def test_a_number_that_is_shown_is_exposed() -> None:
    assert exposed(published((3, 20, 30, 40), {1, 2, 3}), [0], COVER) == {0}
    assert interval(published((3, 20, 30, 40), set()), 0, COVER) == Interval(3, 3)


def test_an_honest_pattern_with_room_to_spare_is_left_alone() -> None:
    assert not exposed(published((3, 20, 30, 40), set(range(8))), range(8), COVER)


def test_halves_of_people_are_no_other_table() -> None:
    """Three numbers of which each pair adds up to what is shown: only halves would leave room, so all are known."""
    cells = tuple(Quantity((CellRef(at, "n"),), number) for at, number in enumerate((3, 4, 5, 7, 9, 8)))
    system = System(cells, (Sum(3, (0, 1)), Sum(4, (1, 2)), Sum(5, (0, 2))))
    shown = Published(system, [each.value for each in cells], frozenset({0, 1, 2}))
    assert exposed(shown, [0, 1, 2], EXACT) == {0, 1, 2}


def could_be(values: Sequence[int], hidden: Sequence[int], numbers: range) -> dict[int, set[int]]:
    """Every number that each hidden inner cell takes in some table with the same totals: by trying all."""
    system = square(*values)
    true = [each.value for each in system.quantities]
    seen: dict[int, set[int]] = {place: set() for place in hidden}
    for tried in product(numbers, repeat=len(hidden)):
        now = [*true]
        for place, number in zip(hidden, tried, strict=True):
            now[place] = number
        if all(now[each.total] == sum(now[part] for part in each.parts) for each in system.sums):
            for place, number in zip(hidden, tried, strict=True):
                seen[place].add(number)
    return seen


@given(
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
    st.sets(st.integers(0, 3), min_size=1),
)
@settings(max_examples=40, deadline=None)
def test_it_agrees_with_whoever_tries_every_table(values: list[int], hidden: set[int]) -> None:
    shown = published(values, hidden)
    solvable, believable = (could_be(values, sorted(hidden), range(least, 19)) for least in (0, 1))
    for place in hidden:
        assert (place in exposed(shown, [place], EXACT)) == (len(solvable[place]) == 1)
        covered = min(believable[place]) <= 1 and max(believable[place]) >= 7
        assert (place in exposed(shown, [place], COVER)) == (not covered)


@pytest.mark.parametrize("module", ["output_checks.suppress", "output_checks.twin"])
def test_it_shares_no_code_with_what_chooses_the_pattern(module: str) -> None:
    """It knows the sums and what is asked, and nothing else of theirs."""
    tree = ast.parse(Path(output_checks.audit.__file__).read_text(encoding="utf-8"))
    taken = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    theirs = {name for name in taken if name.startswith(module)}
    assert theirs <= {"output_checks.suppress.aim", "output_checks.suppress.system"}
