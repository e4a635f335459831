"""A promise without a test that would fail is not kept."""

import pytest

from scripts.promises import PROMISES, cited_by_tests, where_kept, where_tested

# Promises that a later room keeps. An entry goes the day its first test arrives: the test below says so.
NOT_YET: dict[str, str] = {}


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_in_scope_is_cited_by_a_test(promise: str) -> None:
    tested = where_tested()[promise]
    if promise in NOT_YET:
        assert not tested, f"{promise} has tests now ({', '.join(tested)}): take it off NOT_YET"
    else:
        assert tested, f"no test cites [{promise}]: {PROMISES[promise]}"


@pytest.mark.parametrize("promise", [each for each in PROMISES if each not in NOT_YET])
def test_every_promise_in_scope_is_cited_where_it_is_kept(promise: str) -> None:
    assert where_kept()[promise], f"no code cites [{promise}]: {PROMISES[promise]}"


def test_a_citation_is_found_in_a_name_a_marker_a_comment_and_the_file() -> None:
    source = '''
"""About this file [P9]."""

@pytest.mark.promise("P3", "P5")
def test_one():
    """A docstring [P10]."""

def test_two():
    x = 1  # a comment [P1]

def not_a_test():
    """[P16]"""
'''
    assert [*cited_by_tests(source.lstrip())] == ["P10", "P3", "P5", "P9", "P1", "P9"]


@pytest.mark.parametrize("text", ["[P17]", "[P0]", "P3", "[p3]", "[P1", "[P100]"])
def test_what_is_not_an_id_is_not_a_citation(text: str) -> None:
    assert not [*cited_by_tests(f'def test_x():\n    """{text}"""')]
