"""Suppression against instances with known answers, and against an attacker that shares no code with it."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output_checks.policy import load_policy
from output_checks.suppress.complement import protect
from output_checks.suppress.covering import Task, cover
from output_checks.suppress.network import Islands, network_of
from output_checks.suppress.tableau import Tableau
from tests.output_checks.elimination_by_hand import solved_for
from tests.output_checks.suppression_instances import FOLDER, cube, instance, small

needs_instances = pytest.mark.skipif(not FOLDER.is_dir(), reason="the sample folder is not beside this clone")
EXACT = replace(load_policy(pack="sdap-10"), interval="exact")


@needs_instances
@pytest.mark.parametrize(
    ("name", "best", "share"),
    [
        ("t2_5x4", 151, 1.0),
        ("t2_10x10", 114, 1.0),
        ("t2_20x20", 483, 1.0),
        ("t2_50x20", 1184, 1.0),
        ("t3_6x5x4", 779, 1.03),
        ("t3_10x10x5", 1398, 1.03),
        pytest.param("h3_geo150_icd22_sex2", 87156, 1.03, id="hierarchical"),
    ],
)
def test_no_more_is_hidden_than_by_the_best_known_and_nothing_is_recovered(
    name: str, best: int, share: float
) -> None:
    system = instance(name)
    primary = small(system, EXACT)
    pattern = protect(system, primary, EXACT)
    assert sum(system.quantities[place].value for place in pattern.hidden) <= best * share
    assert primary <= pattern.hidden
    assert not pattern.unprotected
    assert not solved_for(system, pattern.hidden) & primary


@needs_instances
@pytest.mark.parametrize("name", ["t2_20x20", "t2_50x20", "t3_6x5x4"])
@pytest.mark.parametrize("pack", ["opensafely", "sdap-10"])
def test_every_small_number_could_be_any_small_number(name: str, pack: str) -> None:
    policy = load_policy(pack=pack)
    system = instance(name)
    pattern = protect(system, small(system, policy), policy)
    assert not pattern.unprotected
    assert not solved_for(system, pattern.hidden) & small(system, policy)


def test_the_attacker_of_these_tests_does_recover_what_is_not_protected() -> None:
    system = cube({("a", "x"): 3, ("a", "y"): 20, ("b", "x"): 30, ("b", "y"): 40})
    alone = small(system, EXACT)
    assert solved_for(system, alone) == alone


numbers = st.sampled_from([0, 1, 2, 4, 7, 9, 10, 15, 40, 90])
two_way = st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=3, max_size=4)


@given(two_way)
@settings(max_examples=60, deadline=None)
def test_both_ways_to_find_a_pattern_agree_on_what_it_costs(rows: list[list[int]]) -> None:
    """The network of a two-way table and the matrix of any table are two pictures of the same problem."""
    system = cube({(f"r{r}", f"c{c}"): n for r, row in enumerate(rows) for c, n in enumerate(row)})
    primary = small(system, EXACT)
    costs = [each.value or None for each in system.quantities]
    task = Task(system, primary, primary, costs)
    network = network_of(system)
    assert network is not None
    one, other = (
        cover(state, costs, branches=2_000) for state in (Islands.of(network, task), Tableau.of(task))
    )
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.bound <= one.cost
        assert other.bound <= other.cost
        assert max(one.bound, other.bound) <= min(one.cost, other.cost)


three_way = st.lists(numbers, min_size=12, max_size=12)


@given(three_way, st.sampled_from(["opensafely", "sdap-10", "ons-10-5", "midpoint-6", "uk-llc"]))
@settings(max_examples=80, deadline=None)
def test_no_pack_lets_a_three_way_table_give_a_small_number_away(cells: list[int], pack: str) -> None:
    policy = load_policy(pack=pack)
    keys = product("ab", "cd", "efg")
    system = cube({tuple(key): number for key, number in zip(keys, cells, strict=True)})
    primary = small(system, policy)
    pattern = protect(system, primary, policy)
    given_away = solved_for(system, pattern.hidden) & primary - pattern.unprotected
    if policy.rounding != "midpoint":
        assert not given_away


def test_a_pattern_costs_what_its_bound_says_when_it_is_the_best() -> None:
    system = cube({("a", "x"): 3, ("a", "y"): 20, ("b", "x"): 30, ("b", "y"): 40})
    primary = small(system, EXACT)
    costs = [each.value or None for each in system.quantities]
    network = network_of(system)
    assert network is not None
    found = cover(Islands.of(network, Task(system, primary, primary, costs)), costs, branches=100)
    assert found is not None
    assert (found.cost, found.bound) == (90, 90)


def test_three_way_tables_are_no_network() -> None:
    assert network_of(cube({tuple(key): 20 for key in product("ab", "cd", "ef")})) is None
