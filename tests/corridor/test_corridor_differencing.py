"""What left once is remembered: nobody is found by subtracting a later release from an earlier one [P10]."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TABLE = "output/tests_by_region.csv"
CODE_TABLE = "output/admissions_by_age_band.csv"


def signed_off(desk: Any, request: str) -> None:
    for checker in ("cleo", "dan"):
        desk.tre("--as", checker, "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "sign-off", request)


def findings(desk: Any, request: str, path: str) -> list[dict[str, Any]]:
    files = desk.tre("--as", "cleo", "review", "show", request)["files"]
    found = next(file["findings"] for file in files if file["path"] == path)
    return [each for each in found if each["rule"] == "differencing"]


def differences(desk: Any, request: str) -> list[dict[str, Any]]:
    return findings(desk, request, TABLE)


def rows_withheld(desk: Any, request: str) -> int:
    return sum(int(each["cells"]) for each in findings(desk, request, CODE_TABLE))


def test_a_table_of_study_code_is_compared_as_sets_of_people(
    checked: tuple[Any, str], changed_study: Callable[..., Path]
) -> None:
    """The aggregate counts the same people as the Python table: the last row of one can be computed from the other."""
    desk, first = checked
    study = desk.tre("--as", "gus", "job", "show", first)["study"]
    once = rows_withheld(desk, first)
    assert once <= 1
    signed_off(desk, first)
    desk.work()
    again = desk.submitted(changed_study("title: P", "title: Once more, p"), study=study)
    moved = desk.submitted(changed_study("end_date: 2021-04-01", "end_date: 2021-03-31"), study=study)
    desk.work()
    assert rows_withheld(desk, again) == once, "who asks the same again learns nothing"
    assert rows_withheld(desk, moved) > once, "a date moved by a day is a few people"
    assert first in str(findings(desk, moved, CODE_TABLE))


def test_a_table_that_does_not_say_what_it_is_goes_to_a_person_whatever_has_left(
    checked: tuple[Any, str], changed_study: Callable[..., Path]
) -> None:
    desk, first = checked
    said = """          statistic: frequencies
          of: cohort
          by: [age_band, admitted]
          columns: {people: count}
"""
    study = desk.tre("--as", "gus", "job", "show", first)["study"]
    before = desk.submitted(changed_study(said, ""), study=study)
    desk.work()
    # Nothing has left yet, and nothing that leaves later will be compared with it.
    assert [each["severity"] for each in findings(desk, before, CODE_TABLE)] == ["review"]
    signed_off(desk, first)
    desk.work()
    after = desk.submitted(
        changed_study(f"{said}    resources: {{memory: 1GB", "    resources: {memory: 2GB"), study=study
    )
    desk.work()
    assert [each["severity"] for each in findings(desk, after, CODE_TABLE)] == ["review"]


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


def offered_as(desk: Any, request: str, path: str) -> str:
    """What would leave in a file's place."""
    return str(desk.tre("--as", "cleo", "review", "open", request, path, "--offered")["content"])


def test_another_study_that_asks_the_same_is_shown_the_same_numbers_and_no_hidden_one(
    checked: tuple[Any, str],
) -> None:
    """What one study was shown, hidden cells and rounded ones, another is shown to the byte, and nothing is withheld for it."""
    desk, first = checked
    signed_off(desk, first)
    desk.work()
    assert desk.stage(first) == "released"
    other = desk.submitted(study=desk.approved())
    desk.work()
    assert differences(desk, other) == []
    assert offered_as(desk, other, TABLE) == offered_as(desk, first, TABLE)
