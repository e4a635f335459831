"""[P1] [P9] Names of outputs: what may be kept, declared and shown."""

import fnmatch
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.collect_names import declared, glob, keepable, shown
from sandboxes.model import BoxRefused

HOSTILE_NAMES = [
    "a\nb.csv", "a\x1b[31m.csv", "a\u202ecsv.exe", "-rf", ".hidden", "a b.csv", "", ".", "..", "a/b", "a\0b",
    "caf\u00e9.csv", unicodedata.normalize("NFD", "caf\u00e9.csv"), "a\udcff.csv", "x" * 101, "\u0430.csv", "a\r.csv",
    "a\n",
]  # fmt: skip
OUTSIDE = [
    "../x.csv",
    "/etc/passwd",
    "a/../b",
    "**",
    "a/**/b.csv",
    "a?.csv",
    "[ab].csv",
    "",
    "a//b",
    "./a",
    "~/a",
    "a\0",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_not_kept(name):
    assert not keepable(name)


@pytest.mark.parametrize("name", ["table.csv", "A1", "figure_2-b.svg", "x" * 100])
def test_an_honest_name_is_kept(name):
    assert keepable(name)


@pytest.mark.parametrize("pattern", OUTSIDE)
def test_a_pattern_can_name_nothing_outside_the_output_folder(pattern):
    with pytest.raises(BoxRefused) as refused:
        declared((pattern,))
    assert refused.value.code == "OUTPUT_PATTERN"


def test_a_star_stays_within_one_path_component():
    patterns = declared(("tables/*.csv",))
    assert patterns.matching(("tables", "one.csv"))
    assert not patterns.matching(("tables", "deep", "one.csv"))
    assert not patterns.matching(("one.csv",))


def test_a_file_can_satisfy_two_patterns_at_once():
    assert len(declared(("*.csv", "one.csv")).matching(("one.csv",))) == 2


def test_a_pattern_reaches_only_into_the_folders_that_it_names():
    patterns = declared(("*/deep/one.csv",))
    assert patterns.reaches(("any",))
    assert patterns.reaches(("any", "deep"))
    assert not patterns.reaches(("any", "other"))
    assert not patterns.reaches(("any", "deep", "one.csv"))


@given(st.text(alphabet="ab*.", max_size=12), st.text(alphabet="ab.", max_size=14))
def test_the_star_means_what_it_means_to_a_shell(pattern, name):
    assert glob(pattern, name) == fnmatch.fnmatchcase(name, pattern)


def test_no_pattern_and_name_can_stop_the_collector_together():
    assert not glob("*a" * 50 + "b", "a" * 100)


@given(st.lists(st.text(max_size=300), min_size=1, max_size=8))
def test_what_is_shown_is_short_printable_ascii(parts):
    text = shown(parts)
    assert len(text) <= 123
    assert text.isascii()
    assert text == "" or text.isprintable()
