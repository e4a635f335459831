"""A number that left before looks as it did then, and one that is another number is shown as it is."""

from collections.abc import Mapping

import pytest

from output_checks.check import check
from output_checks.model import Before, Offered, Report
from output_checks.policy import load_policy

POLICY = load_policy()
DECLARED = {"statistic": "frequencies", "of": "cohort", "by": ["sex"], "columns": {"n": "count"}}


def table(numbers: Mapping[str, object]) -> bytes:
    return ("sex,n\n" + "".join(f"{label},{n}\n" for label, n in numbers.items())).encode()


def judged(
    numbers: Mapping[str, object], *before: tuple[Mapping[str, object], Mapping[str, object]]
) -> Report:
    left = tuple(Before(table(counted), table(shown)) for counted, shown in before)
    return check(Offered("t.csv", table(numbers), DECLARED, left_before=left), POLICY)


def shown(report: Report) -> dict[str, str]:
    assert report.twin is not None
    return {line.split(",")[0]: line.split(",")[1] for line in report.twin.decode().splitlines()[1:]}


PARTS = {"a": 12, "b": 12, "c": 12, "d": 12}


def test_a_total_that_left_as_50_is_not_shown_as_40() -> None:
    """48 people are 50; as the sum of four tens they would be 40, and both together say that none of the parts is 13."""
    alone = {"Total": 48}
    assert shown(judged(PARTS | alone))["Total"] == "40"
    again = judged(PARTS | alone, (alone, {"Total": 50}))
    assert "Total" not in shown(again), "of the row nothing is left to show"
    assert "another one" in str(again.findings)
    assert shown(judged(PARTS | alone, (alone, {"Total": 40})))["Total"] == "40"


def test_what_was_hidden_stays_hidden_and_nothing_else_does() -> None:
    numbers = {"a": 12, "b": 40, "c": 61}
    before = (numbers, {"a": POLICY.mark, "b": 40, "c": 60})
    assert shown(judged(numbers, before)) == {"b": "40", "c": "60"}
    assert shown(judged(numbers)) == {"a": "10", "b": "40", "c": "60"}


def test_another_number_is_not_the_one_that_was_hidden() -> None:
    """The cell has three more people than it had: whether it may be shown is for the sets of people to say."""
    before = ({"a": 12, "b": 40}, {"a": POLICY.mark, "b": 40})
    assert shown(judged({"a": 15, "b": 40}, before)) == {"a": "15", "b": "40"}


@pytest.mark.parametrize("content", [b"", b"other,n\nx,12\n", b"\xff"])
def test_a_table_of_other_labels_says_nothing(content: bytes) -> None:
    numbers = {"a": 12, "b": 40}
    offered = Offered("t.csv", table(numbers), DECLARED, left_before=(Before(content, content),))
    assert shown(check(offered, POLICY)) == {"a": "10", "b": "40"}
