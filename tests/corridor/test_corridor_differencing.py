"""What left once is remembered: nobody is found by subtracting a later release from an earlier one [P10]."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TABLE = "output/tests_by_region.csv"


def signed_off(desk: Any, request: str) -> None:
    for checker in ("cleo", "dan"):
        desk.tre("--as", checker, "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "sign-off", request)


def differences(desk: Any, request: str) -> list[dict[str, Any]]:
    files = desk.tre("--as", "cleo", "review", "show", request)["files"]
    found = next(file["findings"] for file in files if file["path"] == TABLE)
    return [each for each in found if each["rule"] == "differencing"]


def test_a_table_of_study_code_is_said_not_to_have_been_compared(checked: tuple[Any, str]) -> None:
    desk, request = checked
    files = desk.tre("--as", "cleo", "review", "show", request)["files"]
    told = {
        file["path"]: "not compared" in str(file["findings"])
        for file in files
        if file["path"].endswith(".csv")
    }
    assert told.pop(TABLE) is False
    assert told
    assert all(told.values())


def test_a_date_moved_by_a_day_is_seen_and_the_same_question_is_not(
    checked: tuple[Any, str], changed_study: Callable[[str, str], Path]
) -> None:
    desk, first = checked
    assert differences(desk, first) == []
    study = desk.tre("--as", "gus", "job", "show", first)["study"]
    moved = desk.submitted(changed_study("end_date: 2021-04-01", "end_date: 2021-03-31"), study=study)
    desk.work()
    assert differences(desk, moved) == [], "nothing has left yet"
    again = desk.submitted(study=study)
    signed_off(desk, first)
    desk.work()
    assert desk.stage(first) == "released"
    assert differences(desk, again) == [], "who asks the same again learns nothing"
    # It was checked before the first had left: signing it off brings it back to be checked, not out.
    signed_off(desk, moved)
    desk.work()
    assert desk.stage(moved) == "checked"
    found = differences(desk, moved)
    assert found
    assert first in str(found[0])
