"""Order, what can start, what must run again, and when a result may be re-used."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_specs.errors import SpecError, Where
from job_specs.graph import ancestors, cycles, descendants, in_order
from job_specs.model import Action, JobSpec, OutputSpec, Resources, RunBody, Sensitivity
from job_specs.plan import Plan, content_key, plan


def an_action(name: str, *needs: str, **changes) -> Action:
    parts = {
        "body": RunBody("python:v2", (f"analysis/{name}.py",)),
        "outputs": (OutputSpec("a", Sensitivity.HIGH, f"output/{name}.csv"),),
        "resources": Resources(),
        "where": Where("project.yaml", 1, 1),
    }
    return Action(name=name, needs=needs, **(parts | changes))


def a_spec(*actions: Action) -> JobSpec:
    return JobSpec(5.0, None, None, (), {}, {}, actions)


DIAMOND = a_spec(
    an_action("last", "left", "right"),
    an_action("left", "first"),
    an_action("right", "first"),
    an_action("first"),
    an_action("alone"),
)


def test_run_all_is_every_action_each_after_what_it_needs():
    assert plan(DIAMOND).order == ("first", "left", "right", "last", "alone")


def test_a_request_brings_what_it_needs_and_nothing_else():
    assert plan(DIAMOND, ["left"]).order == ("first", "left")
    assert plan(DIAMOND, ["alone", "left"]).order == ("alone", "first", "left")


@pytest.mark.parametrize("requested", [["lefft"], []])
def test_a_request_for_nothing_or_for_an_unknown_action_is_refused(requested):
    with pytest.raises(SpecError) as caught:
        plan(DIAMOND, requested)
    (problem,) = caught.value.problems
    assert problem.code == "unknown-action"
    assert problem.nearest == ("left" if requested else None)


def test_a_spec_built_by_hand_with_a_cycle_is_refused_link_by_link():
    with pytest.raises(SpecError, match="a needs b needs a"):
        plan(a_spec(an_action("a", "b"), an_action("b", "a")))


def test_what_can_start_now_is_what_has_all_it_needs():
    ordered = plan(DIAMOND)
    assert ordered.runnable(()) == ("first", "alone")
    assert ordered.runnable({"first"}, busy={"alone"}) == ("left", "right")
    assert ordered.runnable({"first", "left"}, busy={"right"}) == ("alone",)
    assert ordered.runnable(ordered.order) == ()


def test_what_needs_a_failure_can_never_start():
    assert plan(DIAMOND).hopeless({"left"}) == ("last",)
    assert plan(DIAMOND).hopeless(()) == ()


def test_a_change_runs_only_its_cone_again():
    assert plan(DIAMOND).cone({"left"}) == {"left", "last"}
    assert plan(DIAMOND).cone({"alone"}) == {"alone"}


def test_a_chain_of_ten_thousand_is_only_a_long_chain():
    needs = {f"a{n}": (f"a{n - 1}",) if n else () for n in range(10_000)}
    assert in_order(needs, ["a9999"])[0] == "a0"
    assert cycles(needs) == []
    assert len(ancestors(needs, "a9999")) == 9_999


def test_the_next_runnable_of_2191_pending_is_found_in_under_5_milliseconds():
    needs = {f"a{n}": tuple(f"a{n - k}" for k in (1, 7, 40) if n >= k) for n in range(2_191)}
    pending = Plan(tuple(needs), needs)
    fastest = min(_seconds(pending) for _ in range(20))
    assert fastest < 0.005


def _seconds(pending: Plan) -> float:
    start = time.perf_counter()
    pending.runnable(pending.order[:1000])
    return time.perf_counter() - start


graphs = st.dictionaries(
    st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4, unique=True), max_size=8
).map(lambda needs: {name: [n for n in its if n in needs] for name, its in needs.items()})


@given(graphs)
def test_a_graph_is_ordered_or_its_cycles_are_real(needs):
    found = cycles(needs)
    for cycle in found:
        assert all(after in needs[before] for before, after in zip(cycle, cycle[1:] + cycle[:1], strict=True))
    order = in_order(needs, needs)
    assert sorted(order) == sorted(needs)
    if not found:
        for place, name in enumerate(order):
            assert set(needs[name]) <= set(order[:place])


@given(graphs, st.sampled_from("abcdefgh"))
def test_ancestors_and_descendants_are_two_views_of_one_relation(needs, name):
    for other in needs:
        if other != name:
            assert (other in ancestors(needs, name)) == (
                name in descendants(needs, [other]) and name in needs
            )


EVIDENCE = {
    "code": {"analysis/a.py": "11"},
    "inputs": {"output/cohort.csv": "22"},
    "image": "sha256:33",
    "data_version": "44",
    "policy_version": "55",
    "parameters": {"index_date": date(2021, 3, 1)},
}


@pytest.mark.parametrize(
    "change",
    [
        {"code": {"analysis/a.py": "12"}},
        {"code": {"analysis/b.py": "11"}},
        {"inputs": {"output/cohort.csv": "23"}},
        {"image": "sha256:34"},
        {"data_version": "45"},
        {"policy_version": "56"},
        {"parameters": {"index_date": date(2021, 3, 2)}},
        {"parameters": {"index_date": "2021-03-01"}},
    ],
)
def test_anything_a_result_depends_on_changes_its_key(change):
    assert content_key(an_action("a"), **(EVIDENCE | change)) != content_key(an_action("a"), **EVIDENCE)


@pytest.mark.parametrize(
    "change",
    [
        {"body": RunBody("python:v2", ("analysis/a.py", "--fast"))},
        {"body": RunBody("python:v1", ("analysis/a.py",))},
        {"body": RunBody("python:v2", ("analysis/a.py",), {"x": 1})},
        {"outputs": (OutputSpec("a", Sensitivity.HIGH, "output/b.csv"),)},
        {"outputs": (OutputSpec("a", Sensitivity.MODERATE, "output/a.csv"),)},
        {"bindings": {"season": "s1"}},
    ],
)
def test_any_change_of_what_an_action_does_changes_its_key(change):
    assert content_key(an_action("a", **change), **EVIDENCE) != content_key(an_action("a"), **EVIDENCE)


def test_moving_an_action_or_giving_it_more_memory_does_not():
    moved = an_action("a", where=Where("project.yaml", 900, 3), resources=Resources(memory_mb=9999))
    assert content_key(moved, **EVIDENCE) == content_key(an_action("a"), **EVIDENCE)
