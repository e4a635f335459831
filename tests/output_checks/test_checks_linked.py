"""Tables of the same people in several files: what one hides, no other gives away, and honest tables stay as they are."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from output_checks.check import check, check_together
from output_checks.model import Offered, Verdict
from output_checks.policy import Policy, load_policy
from output_checks.suppress.system import Quantity, Sum, System
from tests.output_checks.elimination_by_hand import solved_for

HIDE = load_policy(pack="sdap-10")
POLICY = replace(load_policy(), zero="show")  # with every row kept, an attacker has the most to go on
UNROUNDED = replace(HIDE, zero="show")
Cells = Mapping[tuple[str, ...], int]


def offer(path: str, by: Sequence[str], cells: Cells) -> Offered:
    lines = [",".join((*by, "n")), *(",".join((*key, str(n))) for key, n in cells.items())]
    declared = {"statistic": "frequencies", "of": "cohort", "by": list(by), "columns": {"n": "count"}}
    return Offered(path, ("\n".join(lines) + "\n").encode(), declared)


def margin(cells: Cells, *kept: int) -> Cells:
    found: dict[tuple[str, ...], int] = {}
    for key, n in cells.items():
        short = tuple(key[at] for at in kept)
        found[short] = found.get(short, 0) + n
    return found


def shown(twin: bytes | None, mark: str) -> dict[tuple[str, ...], int | None]:
    """What is shown of each group; of a row that is not there, nothing is."""
    assert twin is not None
    rows = list(csv.reader(io.StringIO(twin.decode())))[1:]
    return {tuple(row[:-1]): None if row[-1] == mark else int(row[-1]) for row in rows}


CROSSTAB = {
    ("north", "asthma"): 3, ("north", "copd"): 40, ("north", "none"): 57,
    ("south", "asthma"): 20, ("south", "copd"): 31, ("south", "none"): 88,
    ("east", "asthma"): 25, ("east", "copd"): 44, ("east", "none"): 61,
}  # fmt: skip


def test_a_crosstab_and_its_margins_in_two_files_do_not_give_a_small_cell_away() -> None:
    """The attack that peers release: the crosstab with its small cell hidden, less the table by region alone."""
    files = [
        offer("crosstab.csv", ("region", "illness"), CROSSTAB),
        offer("regions.csv", ("region",), margin(CROSSTAB, 0)),
        offer("illnesses.csv", ("illness",), margin(CROSSTAB, 1)),
    ]
    alone = [check(each, UNROUNDED) for each in files]
    tables = [shown(each.twin, UNROUNDED.mark) for each in alone]
    row = [n for key, n in tables[0].items() if key[0] == "north" and n is not None]
    assert (tables[1]["north",] or 0) - sum(row) == 3, "each file alone is judged as if nobody saw the others"
    together = check_together(files, UNROUNDED)
    inner, regions, illnesses = (shown(each.twin, UNROUNDED.mark) for each in together)
    assert not determined(CROSSTAB, inner, {0: regions, 1: illnesses})


def determined(
    cells: Cells,
    inner: Mapping[tuple[str, ...], int | None],
    margins: Mapping[int, Mapping[tuple[str, ...], int | None]],
) -> set[int]:
    """The small inner cells that somebody with all the files can compute, by elimination."""
    keys = list(cells)
    quantities = [Quantity((), cells[key]) for key in keys]
    hidden = {at for at, key in enumerate(keys) if inner.get(key) is None}
    sums = []
    for dimension, table in margins.items():
        for label in sorted({key[dimension] for key in keys}):
            number = table.get((label,))
            parts = tuple(at for at, key in enumerate(keys) if key[dimension] == label)
            quantities.append(Quantity((), sum(cells[keys[at]] for at in parts)))
            sums.append(Sum(len(quantities) - 1, parts))
            hidden |= {len(quantities) - 1} if number is None else set()
    small = {at for at, key in enumerate(keys) if 0 < cells[key] <= UNROUNDED.small_max}
    return solved_for(System(tuple(quantities), tuple(sums)), hidden) & small


@given(st.lists(st.sampled_from([0, 2, 5, 9, 11, 30, 41, 64]), min_size=9, max_size=9))
@example(
    [9, 30, 2, 5, 0, 5, 2, 2, 9]
)  # 'y' adds up by chance: in w.csv it looks like the total of 'x' and 'z'
@settings(max_examples=25, deadline=None)
def test_whatever_the_numbers_no_small_cell_is_computed_from_several_files(numbers: list[int]) -> None:
    for policy in (HIDE, UNROUNDED):
        hold_against_elimination(numbers, policy)


def hold_against_elimination(numbers: list[int], policy: Policy) -> None:
    cells = dict(zip(product("abc", "xyz"), numbers, strict=True))
    files = [
        offer("t.csv", ("one", "two"), cells),
        offer("m.csv", ("one",), margin(cells, 0)),
        offer("w.csv", ("two",), margin(cells, 1)),
    ]
    reports = check_together(files, policy)
    if any(each.verdict is Verdict.REFUSED for each in reports):
        return
    inner, first, second = (shown(each.twin, policy.mark) for each in reports)
    assert not determined(cells, inner, {0: first, 1: second})


def test_a_number_that_stands_in_two_files_is_rounded_to_one() -> None:
    """102 is shown as the sum of its rounded parts where those are shown, so it is in the other file as well."""
    cells = {("m", "a"): 12, ("m", "b"): 12, ("m", "c"): 12, ("f", "a"): 40, ("f", "b"): 40, ("f", "c"): 40}
    reports = check_together(
        [offer("t.csv", ("sex", "age"), cells), offer("m.csv", ("sex",), margin(cells, 0))], POLICY
    )
    assert shown(reports[1].twin, POLICY.mark) == {("m",): 30, ("f",): 120}


def test_areas_and_their_regions_are_one_hierarchy() -> None:
    areas = {
        ("a1", "north"): 4,
        ("a2", "north"): 33,
        ("a3", "south"): 50,
        ("a4", "south"): 61,
        ("a5", "south"): 27,
    }
    files = [
        offer("areas.csv", ("area", "region"), areas),
        offer("regions.csv", ("region",), margin(areas, 1)),
    ]
    fine, coarse = (shown(each.twin, UNROUNDED.mark) for each in check_together(files, UNROUNDED))
    north = [n for key, n in fine.items() if key[1] == "north"]
    assert coarse["north",] is None or north.count(None) > 1


def test_two_crosstabs_that_share_a_dimension_are_judged_as_one() -> None:
    one = {("m", "a"): 5, ("m", "b"): 60, ("f", "a"): 50, ("f", "b"): 70}
    two = {("m", "x"): 30, ("m", "y"): 35, ("f", "x"): 55, ("f", "y"): 65}
    reports = check_together(
        [offer("1.csv", ("sex", "age"), one), offer("2.csv", ("sex", "place"), two)], UNROUNDED
    )
    first, second = (shown(each.twin, UNROUNDED.mark) for each in reports)
    assert first["m", "a"] is None
    assert first["m", "b"] is None or None in (second["m", "x"], second["m", "y"])


def test_what_an_author_hid_is_not_in_another_file() -> None:
    hidden = dict(CROSSTAB) | {("north", "asthma"): "[REDACTED]"}
    files = [
        offer("crosstab.csv", ("region", "illness"), hidden),
        offer("regions.csv", ("region",), margin(CROSSTAB, 0)),
    ]  # type: ignore[arg-type]
    regions = shown(check_together(files, UNROUNDED)[1].twin, UNROUNDED.mark)
    assert regions["north",] is None
    assert regions["south",] == 139


def test_tables_of_other_people_do_not_touch_each_other() -> None:
    other = {(label,): n for label, n in (("north", 500), ("south", 480), ("east", 270))}
    files = [offer("crosstab.csv", ("region", "illness"), CROSSTAB), offer("all.csv", ("region",), other)]
    together = check_together(files, POLICY)
    assert [each.twin for each in together] == [check(each, POLICY).twin for each in files]


def test_honest_tables_lose_nothing_by_being_offered_at_once() -> None:
    cells = {key: n + 50 for key, n in CROSSTAB.items()}
    files = [
        offer("crosstab.csv", ("region", "illness"), cells),
        offer("regions.csv", ("region",), margin(cells, 0)),
    ]
    for report in check_together(files, POLICY):
        assert None not in shown(report.twin, POLICY.mark).values()


@pytest.mark.parametrize("pack", ["opensafely", "ons-10-5", "midpoint-6"])
def test_every_pack_keeps_the_small_cell_among_several_files(pack: str) -> None:
    policy = replace(load_policy(pack=pack), zero="show")
    files = [
        offer("crosstab.csv", ("region", "illness"), CROSSTAB),
        offer("regions.csv", ("region",), margin(CROSSTAB, 0)),
    ]
    inner, regions = (shown(each.twin, policy.mark) for each in check_together(files, policy))
    assert inner["north", "asthma"] is None
    row = [n for key, n in inner.items() if key[0] == "north"]
    assert regions["north",] is None or row.count(None) > 1
    assert Fraction(len([n for n in inner.values() if n is None]), len(inner)) < Fraction(1, 2)
