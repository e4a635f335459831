"""[P10] What landed beside what leaves, and findings, as a terminal draws them: the eye is led to what was changed."""

import io
import re

import pytest
from rich.console import Console

from tre.cli import show

RAW = (
    ("region", "age_band", "people", "tests"),
    ("East", "0-17", "33", "40"),
    ("East", "18-39", "2", "2"),
    ("West", "0-17", "10", "15"),
)
TWIN = (RAW[0], ("East", "0-17", "35", "40"), ("West", "0-17", "10", "15"))


def drawn(raw, offered, *, most: int = 40, width: int = 80) -> list[list[str]]:
    """The cells of each drawn line."""
    console = Console(file=io.StringIO(), width=width)
    show.beside(console, raw, offered, title="output/table.csv", most=most)
    return [re.split(r"\s{2,}", line.strip()) for line in console.file.getvalue().splitlines()]


def test_a_cell_that_leaves_otherwise_shows_both_and_one_that_does_not_stands_once():
    lines = drawn(RAW, TWIN)
    assert ["region", "age_band", "people", "tests"] in lines
    assert ["East", "0-17", "33 → 35", "40"] in lines
    assert ["West", "0-17", "10", "15"] in lines


def test_a_row_that_is_left_out_says_so():
    assert ["East", "18-39", "2 → left out", "2"] in drawn(RAW, TWIN)


def test_a_table_that_leaves_as_it_landed_is_drawn_as_it_is():
    lines = drawn(RAW, RAW)
    assert [*RAW[1]] in lines
    assert not any("→" in cell for line in lines[1:] for cell in line)


def test_a_table_that_loses_only_rows_says_which():
    lines = drawn(RAW, (RAW[0], RAW[1], RAW[3]))
    assert ["East", "0-17", "33", "40"] in lines
    assert ["East", "18-39", "2", "2", "left out"] in lines


def test_a_table_of_which_nothing_leaves_is_drawn_too():
    assert sum("left out" in line for line in drawn(RAW, RAW[:1])) == 3


def test_a_table_of_six_columns_fits_a_terminal():
    header = ("region", "sex", "age_band", "imd_quintile", "people", "positive_tests")
    row = ("East of England", "female", "0-17", "1", "33", "37")
    few = ("East of England", "female", "0-17", "2", "2", "2")
    assert ["East of England", "female", "0-17", "2", "2 → left out", "2 → left out"] in drawn(
        (header, row, few), (header, (*row[:4], "35", "35"))
    )


def test_no_more_rows_are_drawn_than_were_asked_for_and_the_rest_is_counted():
    assert drawn(RAW, TWIN, most=1)[-1] == ["… and 2 more rows"]


@pytest.mark.parametrize("hostile", ["[red]nobody[/red]", "a\x1b[31mb", "a\nb"])
def test_words_of_a_table_do_nothing_to_the_terminal(hostile):
    table = (("region", "people"), (hostile, "10"))
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    show.beside(console, table, table, title=hostile, most=4)
    text = console.file.getvalue()
    assert show.plain(hostile).replace("\\[", "[") in text
    assert "\x1b[31m" not in text


@pytest.mark.parametrize(
    ("cells", "said"),
    [(0, "t.csv"), (1, "t.csv: 1 cell"), (7, "t.csv: 7 cells"), ("2 to 10", "t.csv: 2 to 10 cells")],
)
def test_a_finding_says_how_many_cells_it_is_about(cells, said):
    console = Console(file=io.StringIO(), width=80)
    found = {"rule": "small_count", "promise": "P10", "file": "t.csv", "column": "", "cells": cells}
    show.finding_lines(console, [{**found, "why": "Too few.", "fix": "Merge."}])
    assert console.file.getvalue().splitlines()[0] == f"  small_count [P10] {said}"
