"""What a twin changes is said cell by cell, and what would lose less is offered; neither says a value."""

from pathlib import Path

from output_checks.__main__ import main
from output_checks.check import check
from output_checks.model import Offered
from output_checks.policy import load_policy

POLICY = load_policy()
DECLARED = {"statistic": "frequencies", "of": "cohort", "by": ["age"], "columns": {"n": "count"}}
TABLE = b"age,n\n0-17,3\n18-39,24\n40-64,51\n65-,40\nTotal,118\n"
ROOMY = "age,n\n0-17,203\n18-39,224\n"


def ideas(content: bytes) -> list[str]:
    return [
        each.message
        for each in check(Offered("t.csv", content, DECLARED), POLICY).findings
        if each.check == "alternatives"
    ]


def test_leaving_totals_out_and_merging_groups_are_offered() -> None:
    assert ideas(TABLE) == [
        "Without its totals, this table would hide only what is small itself.",
        "With two neighbouring groups of age merged, there would be no small numbers.",
    ]


def test_what_was_offered_is_true_of_the_table() -> None:
    merged = b"age,n\n0-39,27\n40-64,51\n65-,40\nTotal,118\n"
    assert not check(Offered("t.csv", merged, DECLARED), POLICY).hidden
    without = b"age,n\n0-17,3\n18-39,24\n40-64,51\n65-,40\n"
    assert len(check(Offered("t.csv", without, DECLARED), POLICY).hidden) == 1


def test_a_table_that_loses_nothing_is_offered_nothing() -> None:
    assert ideas(ROOMY.encode()) == []


def test_every_changed_cell_has_its_reason_and_no_value(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(TABLE)
    (tmp_path / "d.yaml").write_text("{statistic: frequencies, of: cohort, by: [age], columns: {n: count}}")
    told = tmp_path / "changes.csv"
    main(["check", str(tmp_path / "t.csv"), "--declare", str(tmp_path / "d.yaml"), "--changes", str(told)])
    header, *lines = told.read_text().splitlines()
    assert header == "row,column,what,why"
    kinds = {line.split(",")[0]: line.split(",")[2] for line in lines}
    assert kinds["2"] in ("hidden", "left out")
    assert "rounded" in kinds.values()
    assert not any(value in told.read_text() for value in ("24", "51", "118", "0-17"))


def lost(content: bytes) -> list[str]:
    found = check(Offered("t.csv", content, DECLARED), POLICY).findings
    return [each.message for each in found if each.check == "information_lost"]


def test_what_is_lost_is_said_in_bands() -> None:
    """Two of five counts, 3 and 24 of 236 people; the others move by a few."""
    (said,) = lost(TABLE)
    assert "20 to 50 % are hidden" in said
    assert "5 to 20 % of what they add up to" in said
    assert not any(number in said for number in ("27", "24", "118"))
    (rounded,) = lost(ROOMY.encode())
    assert "none are hidden" in rounded
    assert "less than 1 %" in rounded


def test_a_table_that_is_shown_as_it_is_loses_nothing() -> None:
    assert lost(b"age,n\n0-17,200\n18-39,225\n") == []
