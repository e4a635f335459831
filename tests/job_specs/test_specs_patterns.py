"""Output patterns cannot leave the job's folder, and overlap exactly when some file matches both."""

import itertools
import posixpath
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_specs.complaints import Complaints
from job_specs.model import Sensitivity
from job_specs.patterns import matches, output_pattern, overlap, path_fault
from job_specs.reading import Text

small = st.text("ab*/", min_size=1, max_size=6)
anything = st.text(st.characters(codec="utf-8"), max_size=40) | st.text("./\\*a:~ -", max_size=12)


def as_regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", "[^/]*"))


NAMES = ["".join(letters) for size in range(8) for letters in itertools.product("ab/", repeat=size)]


@given(small, small)
def test_patterns_overlap_exactly_when_some_name_matches_both(one, other):
    # 7 characters suffice: two patterns of at most 6 that meet share a name of at most 6 literals in all segments
    shared = any(as_regex(one).fullmatch(name) and as_regex(other).fullmatch(name) for name in NAMES)
    if shared:
        assert overlap(one, other)
    elif overlap(one, other):
        assert len(one) + len(other) > 7


@given(small, small)
def test_overlap_is_symmetric(one, other):
    assert overlap(one, other) == overlap(other, one)


@given(small, st.text("ab/", max_size=7))
def test_a_pattern_matches_a_path_as_its_regular_expression_does(pattern, path):
    assert matches(pattern, path) == bool(as_regex(pattern).fullmatch(path))


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("output/*.csv", "output/a.csv", True),
        ("output/*.csv", "output/a/b.csv", False),
        ("output/a*.csv", "output/*a.csv", True),
        ("output/a*b.csv", "output/ab.csv", True),
        ("output/a*b.csv", "output/a.csv", False),
        ("output/*/x.csv", "output/y/*.csv", True),
        ("output/*_2016_*.csv", "output/*_2017_*.csv", True),
        ("*", "", True),
    ],
)
def test_overlap_by_example(one, other, meet):
    assert overlap(one, other) is meet


@given(anything)
def test_an_accepted_pattern_stays_inside_whatever_folder_it_is_joined_to(text):
    complaints = Complaints("p")
    pattern = output_pattern(Text(text, True, 1, 1), Sensitivity.HIGH, complaints)
    assert (pattern is None) == bool(len(complaints))
    if pattern is not None:
        joined = posixpath.normpath(posixpath.join("/job/folder", pattern))
        assert joined == f"/job/folder/{pattern}"
        assert pattern.isascii()
        assert pattern.isprintable()
        assert not any(part.startswith((".", "-")) for part in pattern.split("/"))
        assert not overlap(pattern.partition("/")[0].casefold(), "metadata")


@given(st.from_regex(r"output(/[A-Za-z0-9_.\-*]{1,8}){1,3}", fullmatch=True))
def test_the_short_way_for_usual_paths_agrees_with_the_rules(text):
    spelt_out = path_fault("a" * 250 + "/../" + text)  # too long for the short way: the rules are asked
    assert spelt_out is not None
    by_rules = path_fault("_" + text)  # not the usual first folder: the rules are asked
    assert path_fault(text) is None or by_rules is not None
    assert (path_fault(text) is None) == (by_rules is None)


@pytest.mark.parametrize(
    "text", ["output/deaths by age.csv", "ehrql-qu'ote.csv", "lib/design/*.json", "a.csv.gz"]
)
def test_honest_patterns_are_accepted(text):
    assert output_pattern(Text(text, True, 1, 1), Sensitivity.HIGH, Complaints("p")) == text
