"""Nobody is singled out by two releases, or by four: differences, complements and trackers are seen."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output_checks.ledger import Cut, Ledger, LedgerMismatch, Question
from output_checks.policy import load_policy

POLICY = load_policy()
AGES = np.arange(1000) % 100
SEX = np.arange(1000) % 2
BOB = 77


def cut(name: str, inside: np.ndarray) -> Cut:
    """One number: how many people a filter lets through."""
    return Cut(name, np.where(inside, 0, -1), frozenset({0}))


def table(name: str, row_of: np.ndarray, hidden: Sequence[int] = (), by: str = "") -> Cut:
    """A table; with `by`, one that is known to divide everybody by those columns."""
    shown = frozenset(map(int, np.unique(row_of[row_of >= 0]))) - set(hidden)
    question = Question("everybody", frozenset(by.split())) if by else Question()
    return Cut(name, row_of.astype(np.int64), shown, question)


def everybody() -> np.ndarray:
    return np.ones(1000, dtype=bool)


def without(*people: int) -> np.ndarray:
    inside = everybody()
    inside[list(people)] = False
    return inside


def refused(ledger: Ledger, offered: Cut) -> list[int]:
    return [each.row for each in ledger.differences(offered, POLICY)]


def test_a_filter_that_leaves_out_one_person_is_seen() -> None:
    ledger = Ledger(1000).with_release(cut("all", everybody()))
    (found,) = ledger.differences(cut("all but Bob", without(BOB)), POLICY)
    assert (found.row, found.people, found.releases) == (0, 1, ("all",))


@pytest.mark.parametrize(("left_out", "seen"), [(1, True), (7, True), (8, False), (300, False)])
def test_the_line_is_the_policys(left_out: int, seen: bool) -> None:
    ledger = Ledger(1000).with_release(cut("all", everybody()))
    assert bool(refused(ledger, cut("some", without(*range(left_out))))) is seen


def test_the_complement_of_a_release_is_seen() -> None:
    ledger = Ledger(1000).with_release(cut("all", everybody()))
    assert refused(ledger, cut("Bob and two more", ~without(BOB, 78, 79))) == [0]


def test_the_same_question_again_tells_nobody_more() -> None:
    ledger = Ledger(1000).with_release(table("by sex", SEX, by="sex"))
    assert refused(ledger, table("by sex again", SEX, by="sex")) == []


def test_another_question_with_the_same_answer_is_not_answered() -> None:
    """Whether "ill" and "ill, and not Bob" are the same people is whether Bob is ill: neither answer may be given."""
    ill = np.arange(1000) % 3 == 0
    for bob_is_ill in (True, False):
        ill[BOB] = bob_is_ill
        ledger = Ledger(1000).with_release(cut("ill", ill))
        assert refused(ledger, cut("ill, and not Bob", ill & without(BOB))) == [0]


def test_a_count_of_nobody_is_not_answered() -> None:
    """Nobody who is ill among one person: whoever asked knows who that is."""
    assert refused(Ledger(1000), cut("Bob, if he is ill", ~everybody())) == [0]
    nobody_in_row_one = Cut("by sex", SEX * 2, frozenset({0, 1, 2}))
    assert refused(Ledger(1000), nobody_in_row_one) == []


def test_a_tracker_of_four_large_numbers_is_seen_at_the_last() -> None:
    """count(Bob) = count(Bob or T) + count(Bob or not T) - count(T) - count(not T)."""
    tracker = SEX == 1
    bob = ~without(BOB)
    ledger = Ledger(1000)
    for name, inside in (("T", tracker), ("not T", ~tracker)):
        assert refused(ledger, cut(name, inside)) == []
        ledger = ledger.with_release(cut(name, inside))
    assert refused(ledger, cut("not T or Bob", ~tracker | bob)) == [0]


def test_a_longer_sum_is_seen() -> None:
    """Young or ill, less ill, plus young and ill, is young: all of it large, and one person more than was released."""
    young, ill, person = AGES < 40, (np.arange(1000) // 7) % 3 == 0, 7
    assert young[person]
    assert not ill[person]
    ledger = Ledger(1000)
    for name, inside in (("young but one", young & without(person)), ("ill", ill), ("both", young & ill)):
        assert refused(ledger, cut(name, inside)) == []
        ledger = ledger.with_release(cut(name, inside))
    assert refused(ledger, cut("either", young | ill)) == [0]


def test_bands_that_do_not_line_up_are_seen_where_they_leave_few() -> None:
    ages = np.repeat(np.arange(100), 10)
    ages[:5] = 30
    ledger = Ledger(1000).with_release(table("0-29, 30-59, 60-", np.digitize(ages, [30, 60])))
    shifted = np.where(ages < 31, 0, 1)
    shifted[(ages == 30) & (np.arange(1000) >= 5)] = 1
    assert refused(ledger, table("0-30, 31-", shifted)) != []


def test_of_a_finer_honest_table_only_what_completes_the_coarser_one_is_hidden() -> None:
    ledger = Ledger(1000).with_release(table("by sex", SEX, by="sex"))
    assert refused(ledger, table("by sex and half", SEX * 2 + (AGES < 50), by="sex half")) == [1, 3]
    finer = ledger.with_release(table("by sex and half", SEX * 2 + (AGES < 50), by="sex half"))
    assert refused(finer, table("by half", (AGES < 50).astype(int), by="half")) == [0, 1], (
        "who has the finer table can add these up"
    )


def test_there_are_never_more_numbers_than_groups_to_hide_in() -> None:
    """Forty people, and large sums over them chosen by lot: with forty of those everybody would be solved for."""
    lot, ledger = np.random.default_rng(1), Ledger(40)
    for at in range(60):
        offered = cut(str(at), lot.random(40) < 0.5)
        if not ledger.differences(offered, POLICY):
            ledger = ledger.with_release(offered)
    assert len(ledger.cuts) == 40 // (POLICY.small_max + 1)


def test_what_was_hidden_stays_hidden() -> None:
    """A small group and the one that covers for it are hidden; the cover's number alone would give the group away."""
    groups = np.where(np.arange(1000) < 5, 0, np.where(np.arange(1000) < 100, 1, 2))
    ledger = (
        Ledger(1000)
        .with_release(cut("all", everybody()))
        .with_release(table("groups", groups, hidden=(0, 1), by="group"))
    )
    assert refused(ledger, cut("the cover", groups == 1)) == [0]
    assert refused(ledger, table("again", groups, hidden=(0, 1), by="group")) == []


def test_a_hidden_row_tells_nobody_anything() -> None:
    ledger = Ledger(1000).with_release(Cut("all, hidden", np.zeros(1000, dtype=np.int64), frozenset()))
    assert refused(ledger, cut("all but Bob", without(BOB))) == []


def test_a_ledger_survives_being_stored() -> None:
    ledger = Ledger(1000).with_release(table("by sex", SEX, hidden=(1,), by="sex"))
    again = Ledger.from_bytes(ledger.to_bytes())
    assert [(each.release, each.shown) for each in again.cuts] == [("by sex", frozenset({0}))]
    assert [each.question for each in again.cuts] == [each.question for each in ledger.cuts]
    for asked in (cut("women", SEX == 0), table("by sex", SEX, by="sex")):
        assert refused(again, asked) == refused(ledger, asked)


def test_a_table_of_other_people_is_refused() -> None:
    with pytest.raises(LedgerMismatch):
        Ledger(1000).differences(Cut("x", np.zeros(999, dtype=np.int64), frozenset({0})), POLICY)
    with pytest.raises(LedgerMismatch):
        Ledger(1000).with_release(Cut("x", np.zeros(999, dtype=np.int64), frozenset({0})))


def test_a_cut_is_born_whole() -> None:
    for made in (
        lambda: Cut("", np.zeros(2, dtype=np.int64), frozenset()),
        lambda: Cut("x", np.full(2, -2), frozenset()),
    ):
        with pytest.raises(ValueError):
            made()


filters = st.lists(st.integers(min_value=0, max_value=(1 << 12) - 1), min_size=1, max_size=12)


@given(filters, st.integers(0, 11))
@settings(max_examples=150, deadline=None)
def test_no_sequence_of_counts_lets_a_person_be_solved_for(asked: list[int], bob: int) -> None:
    """Twelve kinds of people, one of them a single person; whatever is asked, the answers never determine that one."""
    kind_of = np.repeat(np.arange(12), [1 if kind == bob else 20 for kind in range(12)])
    ledger, shown = Ledger(len(kind_of)), []
    for at, mask in enumerate(asked):
        inside = np.array([(mask >> kind) & 1 for kind in range(12)])
        offered = Cut(str(at), np.where(inside[kind_of] == 1, 0, -1), frozenset({0}))
        if (
            inside.any()
            and (inside[kind_of]).sum() > POLICY.small_max
            and not ledger.differences(offered, POLICY)
        ):
            ledger = ledger.with_release(offered)
            shown.append(inside)
    if shown:
        alone = np.zeros(12)
        alone[bob] = 1
        answers = np.array(shown, dtype=float)
        assert np.linalg.matrix_rank(np.vstack([answers, alone])) > np.linalg.matrix_rank(answers)


def test_whether_the_rest_of_a_table_is_nobody_or_one_person_is_not_told() -> None:
    """Of the same people, a table by something else: its rows add up to all of them, or to all but one. Both look the same."""
    everybody = Cut("sex", np.arange(1000) % 2, frozenset({0, 1}), Question("all", frozenset({"sex"})))
    ledger = Ledger(1000).with_release(everybody)
    for is_bob_ill in (True, False):
        rows = np.where(np.arange(1000) == BOB, int(is_bob_ill), 0)
        offered = Cut("ill Bob", rows, frozenset({0}), Question("all", frozenset({"ill Bob"})))
        assert refused(ledger, offered) == [0]


def test_a_finer_table_does_not_tell_whether_the_one_person_it_sets_apart_is_there() -> None:
    """By illness, and then by illness and being Bob: with Bob ill or not, the same rows are withheld."""
    told = []
    for is_bob_ill in (True, False):
        ill = np.arange(1000) % 3 == 0
        ill[BOB] = is_bob_ill
        by_illness = Cut("ill", np.where(ill, 0, 1), frozenset({0, 1}), Question("all", frozenset({"ill"})))
        rows = np.where(ill, np.where(np.arange(1000) == BOB, 2, 0), np.where(np.arange(1000) == BOB, 3, 1))
        asked = Question("all", frozenset({"ill", "is Bob"}))
        ledger = Ledger(1000).with_release(by_illness)
        told.append(refused(ledger, Cut("ill, Bob", rows, frozenset({0, 1}), asked)))
    assert told == [[0, 1], [0, 1]]


EXACT = load_policy(pack="sdap-10")
OLD = AGES >= 70


def ill_and_well_of_the_old(bob_is_ill: bool) -> tuple[Cut, Cut]:
    """Of a group that Bob is in: the ill with him, and the well without him."""
    ill = np.arange(1000) % 3 == 0
    ill[BOB] = bob_is_ill
    return cut("the ill", ill & OLD), cut("the well but Bob", ~ill & OLD & without(BOB))


@pytest.mark.parametrize("bob_is_ill", [True, False])
def test_a_total_that_somebody_brings_is_part_of_the_comparison_where_numbers_are_exact(
    bob_is_ill: bool,
) -> None:
    """The two add up to the old or to one fewer: whoever knows how many are old would know of Bob."""
    first, second = ill_and_well_of_the_old(bob_is_ill)
    ledger = Ledger(1000, known=AGES // 10)
    assert ledger.differences(first, EXACT) == ()
    assert [each.row for each in ledger.with_release(first).differences(second, EXACT)] == [0]


def test_whoever_brings_no_total_would_have_been_told() -> None:
    """The test above can fail: where everybody knows only how many people there are, the second is answered."""
    first, second = ill_and_well_of_the_old(bob_is_ill=False)
    ledger = Ledger(1000, (first,), known=np.zeros(1000, dtype=np.int64))
    assert ledger.differences(second, EXACT) == ()


def test_exact_numbers_are_not_compared_with_nothing_known() -> None:
    honest = table("by sex", SEX, by="sex")
    assert [each.row for each in Ledger(1000).differences(honest, EXACT)] == [0, 1]
    assert Ledger(1000).differences(honest, POLICY) == (), "rounded, they are compared with what left"


def test_an_honest_exact_table_is_answered_beside_what_everybody_knows() -> None:
    ill = np.arange(1000) % 3 == 0
    ledger = Ledger(1000, known=AGES // 10)
    assert ledger.differences(table("the ill by sex", np.where(ill, SEX, -1)), EXACT) == ()
    assert Ledger.from_bytes(ledger.to_bytes()).known is not None


def test_what_is_known_of_other_people_is_refused() -> None:
    with pytest.raises(LedgerMismatch):
        Ledger(1000, known=np.zeros(3, dtype=np.int64))
