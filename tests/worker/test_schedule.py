"""What starts next, and the one good reason why another does not: the choice itself, on made-up queues."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tre.custody.requests import ActionKind
from tre.dispatch.retry import LONGEST_WAIT, MOST_FAULTS, due_at, give_up_after, wait_after
from tre.dispatch.schedule import (
    AFTER_FAULT,
    HOST_FULL,
    POOL_FULL,
    STUDY_FULL,
    Gate,
    Limits,
    Load,
    Ready,
    Reason,
    Rules,
    Weight,
    choose,
    order,
    reason_to_wait,
)

CLOSED = Reason("closed", "It is closed.")
OPEN = Rules(Limits(), Gate(), now=100.0)


def ready(number: int = 0, *, study: str = "s", kind: ActionKind = ActionKind.CODE, **more: object) -> Ready:
    return Ready((f"r{number}", "a"), kind, study, (number, 0), **more)  # type: ignore[arg-type]


def test_the_study_that_has_the_least_running_goes_first_and_then_age() -> None:
    load = Load.of([ready(1, study="busy")])
    queue = [[ready(2, study="busy")], [ready(3, study="idle")], [ready(4, study="idle")]]
    chosen = choose(queue, load, OPEN)
    assert chosen == ready(3, study="idle")


def test_a_priority_goes_before_fairness() -> None:
    load = Load.of([ready(1, study="urgent")])
    chosen = choose([[ready(2)], [ready(3, study="urgent", priority=1)]], load, OPEN)
    assert chosen is not None
    assert chosen.study == "urgent"


def test_a_full_pool_does_not_keep_the_other_waiting() -> None:
    load = Load.of([ready(1), ready(2)])
    data = ready(4, kind=ActionKind.EXTRACT)
    assert reason_to_wait(ready(3), load, OPEN) is POOL_FULL
    assert choose([[ready(3)], [data]], load, OPEN) == data


def test_a_study_has_its_share_of_a_host() -> None:
    rules = replace(OPEN, limits=Limits(compute=9, per_study=1))
    assert reason_to_wait(ready(2), Load.of([ready(1)]), rules) is STUDY_FULL
    assert reason_to_wait(ready(2, study="other"), Load.of([ready(1)]), rules) is None


def test_what_is_too_heavy_now_waits_and_what_is_too_heavy_for_ever_runs_alone() -> None:
    rules = replace(OPEN, limits=Limits(memory_mb=1000))
    heavy = ready(2, weight=Weight(memory_mb=5000))
    assert reason_to_wait(heavy, Load.of([ready(1)]), rules) is HOST_FULL
    assert reason_to_wait(heavy, Load(), rules) is None
    light = ready(2, weight=Weight(memory_mb=10))
    assert choose([[heavy, light]], Load.of([ready(1)]), rules) == light


def test_a_pause_stops_everything_and_a_window_stops_data_alone() -> None:
    data = ready(1, kind=ActionKind.AGGREGATE)
    paused, window = replace(OPEN, gate=Gate(everything=CLOSED)), replace(OPEN, gate=Gate(data=CLOSED))
    assert reason_to_wait(ready(), Load(), paused) is CLOSED
    assert reason_to_wait(data, Load(), window) is CLOSED
    assert reason_to_wait(ready(), Load(), window) is None


def test_after_a_fault_it_waits_its_time_and_no_longer() -> None:
    rules = replace(OPEN, later={("r0", "a"): 101.0})
    assert reason_to_wait(ready(), Load(), rules) is AFTER_FAULT
    assert reason_to_wait(ready(), Load(), replace(rules, now=101.0)) is None


def test_waits_grow_and_end_with_a_cap() -> None:
    waits = [wait_after(number) for number in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[-1] == 300
    assert next(number for number in range(1, 10) if give_up_after(number)) == MOST_FAULTS


entries = st.builds(
    ready,
    st.integers(0, 50),
    study=st.sampled_from("stu"),
    kind=st.sampled_from(ActionKind),
    priority=st.integers(0, 2),
    weight=st.builds(Weight, st.integers(0, 3), st.sampled_from([0.0, 1.0])),
)


few = st.integers(0, 3)


@given(st.lists(entries), st.lists(entries, max_size=4), st.builds(Limits, few, few, few, few))
@pytest.mark.parametrize("gate", [Gate(), Gate(data=CLOSED)])
def test_looking_at_the_first_of_a_group_finds_what_looking_at_all_would(
    gate: Gate, queue: list[Ready], running: list[Ready], limits: Limits
) -> None:
    rules = Rules(limits, gate, now=0)
    load = Load.of(running)
    groups: dict[tuple[str, bool, str, int], list[Ready]] = {}
    for each in sorted(queue, key=lambda each: each.asked):
        groups.setdefault((each.place[0], each.is_data, each.study, each.priority), []).append(each)
    chosen = choose(groups.values(), load, rules)
    may = [each for each in queue if reason_to_wait(each, load, rules) is None]
    best = min((order(each, load.studies) for each in may), default=None)
    assert (order(chosen, load.studies) if chosen else None) == best


@given(st.integers(1, 40), st.integers(0, 10**9), st.integers(-(10**5), 10**5))
def test_no_wait_outlasts_what_was_ever_set_whatever_the_clock_does(
    number: int, set_at: int, step: int
) -> None:
    now = set_at + step
    due = due_at(set_at + wait_after(number), number, now)
    assert due - now <= LONGEST_WAIT
    assert step < 0 or due == set_at + wait_after(number), "an honest clock's wait is kept"
