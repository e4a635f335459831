"""Global options may stand anywhere; every error has a number of its own and no error is swallowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tre.cli.exits import TABLE, Exit, exit_for
from tre.cli.show import plain
from tre.cli.words import hoist
from tre.custody.errors import Refusal

WORD = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@given(st.lists(WORD, max_size=5), st.lists(WORD, max_size=5))
def test_a_global_option_is_found_wherever_it_stands(before: list[str], after: list[str]) -> None:
    assert hoist([*before, "--json", *after]) == ["--json", *before, *after]
    assert hoist([*before, "--as", "ada", *after]) == ["--as", "ada", *before, *after]
    assert hoist([*before, "--as=ada", *after]) == ["--as=ada", *before, *after]


@given(st.lists(WORD, max_size=5), st.lists(WORD, max_size=5))
def test_what_follows_two_dashes_is_left_alone(before: list[str], after: list[str]) -> None:
    assert hoist([*before, "--", "--json", *after]) == [*before, "--", "--json", *after]


def test_a_refusal_and_a_fault_end_with_different_numbers() -> None:
    assert exit_for(Refusal("c", "s", "f", "P3")) is Exit.REFUSED
    assert exit_for(ZeroDivisionError()) is Exit.FAULT


def test_the_numbers_are_distinct_and_none_is_for_success() -> None:
    assert len(set(Exit)) == len(Exit)
    assert all(code is not Exit.OK for _, code in TABLE)


@pytest.mark.parametrize("untrusted", ["\x1b[2J", "a\nb", "\u202egnp", "[red]x[/]", "\x00"])
def test_what_comes_from_outside_cannot_act_on_a_terminal(untrusted: str) -> None:
    shown = plain(untrusted)
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert "\u202e" not in shown
    assert "\x00" not in shown
    if "[red]" in untrusted:
        assert r"\[red]" in shown
