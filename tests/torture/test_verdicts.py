"""What is said of a bad night is measured: each promise that is broken on purpose is said to be broken, and no other."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from tests.torture.__main__ import missed
from tests.torture.chaos import Told, verdicts, what_came
from tests.torture.stand import begin, hands

FINE = Told(
    stages={"job-1": "released/table:landed:succeeded", "job-2": "failed/boom:failed:failed"},
    released={"job-1/0/output/table.csv": b"people\n50\n"},
    ends=Counter({("job-1", "table"): 1, ("job-2", "boom"): 1}),
    events=20,
)


def lose_a_job(night: Told) -> None:
    del night.stages["job-2"]


def leave_one_unfinished(night: Told) -> None:
    night.stages["job-1"] = "signed-off/table:landed:succeeded"


def end_otherwise(night: Told) -> None:
    night.stages["job-2"] = "failed/boom:failed:out-of-memory"


def end_twice(night: Told) -> None:
    night.ends["job-1", "table"] += 1


def release_other_bytes(night: Told) -> None:
    night.released["job-1/0/output/table.csv"] = b"people\n55\n"


def release_one_more(night: Told) -> None:
    night.released["job-2/0/output/table.csv"] = b"people\n55\n"


def lose_what_left(night: Told) -> None:
    night.released["job-1/0/output/table.csv"] = b""


def break_the_chain(night: Told) -> None:
    night.broken.append("the ledger does not verify")


def wait_for_ever(night: Told) -> None:
    night.waits.append("job-1 waits")


@pytest.mark.parametrize(
    ("harm", "promises"),
    [
        (lose_a_job, {"every_job_in_one_final_state"}),
        (leave_one_unfinished, {"every_job_in_one_final_state", "as_on_the_calm_night"}),
        (end_otherwise, {"as_on_the_calm_night"}),
        (end_twice, {"none_ran_two_accepted_times"}),
        (release_other_bytes, {"released_bytes_equal"}),
        (release_one_more, {"released_bytes_equal"}),
        (lose_what_left, {"released_bytes_equal"}),
        (break_the_chain, {"ledger_verifies"}),
        (wait_for_ever, {"nothing_waits"}),
    ],
)
def test_a_promise_that_is_broken_is_said_to_be(harm: Callable[[Told], None], promises: set[str]) -> None:
    night = deepcopy(FINE)
    harm(night)
    assert {promise for promise, wrong in verdicts(night, FINE, 2).items() if wrong} == promises


def test_a_night_like_the_calm_one_breaks_nothing() -> None:
    assert not any(verdicts(deepcopy(FINE), FINE, 2).values())


def test_both_nights_must_keep_their_bytes() -> None:
    lost = deepcopy(FINE)
    lose_what_left(lost)
    assert verdicts(lost, deepcopy(lost), 2)["released_bytes_equal"]


def test_a_blow_that_never_fell_is_said() -> None:
    gone = dict.fromkeys(("engine gone", "disk gone", "database gone", "power gone"), 1)
    fell = Counter({"kills": 3, "clock steps": 2, **gone})
    assert missed(fell) == []
    assert missed(fell - Counter({"disk gone": 1})) == ["no disk gone"]


def test_an_event_that_was_altered_is_found_by_the_verdict(tmp_path: Path) -> None:
    begin(tmp_path / "site")
    house = hands(tmp_path / "site").wiring().open_house(tmp_path / "site")
    assert what_came(house).broken == []
    with sqlite3.connect(tmp_path / "site" / "ledger.db") as ledger:
        ledger.execute("DROP TRIGGER events_never_change")
        ledger.execute("UPDATE events SET actor = 'mallory' WHERE position = 2")
    (said,) = what_came(house).broken
    assert said.startswith("the ledger does not verify")
    house.service.ledger.close()
