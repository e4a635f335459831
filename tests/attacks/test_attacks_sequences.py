"""Attacks 43 to 55: what several releases say together. The ledger, the rounding and the decisions of people stand against
them; the honest sequence goes through.
"""

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from output_checks.ledger import Cut, Ledger
from output_checks.model import sha256
from output_checks.policy import load_policy
from tests.attacks.planted import judged

POLICY = load_policy()
PEOPLE, BOB = 1000, 77
AGE = np.arange(PEOPLE) % 100
SEX = np.arange(PEOPLE) % 2
AREA = np.arange(PEOPLE) // 100
ALL = np.ones(PEOPLE, dtype=bool)
IS_BOB = np.arange(PEOPLE) == BOB
COUNTS = {"statistic": "frequencies", "of": "c", "by": [], "columns": {"n": "count"}}
BY_DIAG = COUNTS | {"by": ["diag"]}


def one(name: str, inside: np.ndarray) -> Cut:
    """One count of a filter."""
    return Cut(name, np.where(inside, 0, -1), frozenset({0}))


def table(name: str, row_of: np.ndarray, shown: Sequence[int] | None = None) -> Cut:
    rows = frozenset(map(int, np.unique(row_of[row_of >= 0]))) if shown is None else frozenset(shown)
    return Cut(name, row_of.astype(np.int64), rows)


def through(*cuts: Cut) -> list[str]:
    """The releases of a sequence of which something may not be shown."""
    ledger, stopped = Ledger(PEOPLE), []
    for cut in cuts:
        if ledger.differences(cut, POLICY):
            stopped.append(cut.release)
        else:
            ledger = ledger.with_release(cut)
    return stopped


def singled_out(*cuts: Cut) -> list[str]:
    """The releases of a sequence that would single somebody out; not those that say what is known already."""
    ledger, found = Ledger(PEOPLE), []
    for cut in cuts:
        found += [cut.release for each in ledger.differences(cut, POLICY) if each.people]
        ledger = ledger.with_release(cut)
    return found


SEQUENCES: dict[int, tuple[list[Cut], list[Cut]]] = {
    43: ([one("70 and over", AGE >= 70), one("70 and over but Bob", (AGE >= 70) & ~IS_BOB)],
         [one("30 and under", AGE <= 30), one("40 and under", AGE <= 40)]),
    44: ([one("everybody", ALL), one("Bob and two more", (np.arange(PEOPLE) >= BOB) & (np.arange(PEOPLE) < BOB + 3))],
         [one("everybody", ALL), one("women", SEX == 1)]),
    45: ([one("T", SEX == 1), one("not T", SEX == 0), one("C or T", IS_BOB | (SEX == 0)), one("C or not T", IS_BOB | (SEX == 1))],
         [one("T", SEX == 1), one("not T", SEX == 0), one("old", AGE > 60)]),
    46: ([one("A", AREA < 5), one("B", AREA >= 5), one("women", SEX == 1), one("men and Bob", (SEX == 0) | IS_BOB)],
         [one("A", AREA < 5), one("B", AREA >= 5), one("women", SEX == 1)]),
    47: ([table("yesterday", np.where(IS_BOB, -1, AREA)), table("today", AREA)],
         [table("yesterday", np.where(AGE < 50, AREA, -1)), table("today", AREA)]),
    48: ([table("bands of ten", AGE // 10), table("bands that leave Bob out", np.where(IS_BOB, -1, AGE // 10))],
         [table("bands of ten", AGE // 10), table("bands of twenty", AGE // 20)]),
    49: ([table("areas", AREA), table("areas and Bob", np.where(IS_BOB, 10, AREA), shown=range(10))],
         [table("areas", AREA), table("sexes", SEX)]),
    53: ([one("of Ada's study", ALL), one("of Ben's study", ALL & ~IS_BOB)],
         [one("of Ada's study", ALL), one("of Ben's study", SEX == 1)]),
}  # fmt: skip
"""For each attack: releases of which the last would single Bob out, and an honest sequence."""


@pytest.mark.parametrize("number", SEQUENCES)
def test_the_release_that_would_single_bob_out_is_stopped(number: int) -> None:
    attack, honest = SEQUENCES[number]
    assert attack[-1].release in through(*attack)
    assert not singled_out(*honest)


def shown(n: int) -> bytes | None:
    return judged("t.csv", f"n\n{n}\n".encode(), COUNTS).twin


def test_50_adding_people_until_a_number_flips_tells_the_size_and_never_whether_bob_is_in() -> None:
    """The rounded number flips once in five. Whoever adds groups of known sizes and watches it learns how many there are to
    begin with only by sizes that differ by less than a group may: those are stopped by the ledger, one by one."""
    base = np.arange(PEOPLE) < 400
    probes = [one(f"with {extra} more", np.arange(PEOPLE) < 400 + extra) for extra in range(1, 8)]
    assert through(one("base", base), *probes) == [probe.release for probe in probes]
    assert not through(one("base", base), one("with eight more", np.arange(PEOPLE) < 408))


@pytest.mark.parametrize("truth", [12, 13, 200])
def test_51_asking_again_and_again_gives_the_same_answer(truth: int) -> None:
    """There is no noise to average: the same people get the same number, whoever asks and however often."""
    answers = {shown(truth) for _ in range(20)}
    assert len(answers) == 1


def test_51_splitting_a_group_and_adding_up_is_no_better_than_the_width_of_rounding() -> None:
    chance = random.Random(5)  # noqa: S311 - repeatable on purpose
    errors = []
    for _ in range(50):
        parts = [chance.randrange(8, 60) for _ in range(10)]
        errors.append(abs(sum(POLICY.rounded(part) for part in parts) - sum(parts)))
    assert sum(error == 0 for error in errors) < 20, "the sum of ten is exact in less than two of five"


def test_52_solving_many_marginals_finds_no_secret_bit_better_than_chance() -> None:
    """A hundred people, one secret bit each; the attacker sees every count of forty random groups that the ledger lets
    out, rounded, and fits the bits by least squares. Right about Bob no more often than a coin, and a margin."""
    chance = np.random.default_rng(8)
    right = 0
    for trial in range(60):
        secret = chance.integers(0, 2, PEOPLE // 10).astype(bool)
        people = len(secret)
        ledger, seen = Ledger(people), []
        for at in range(40):
            group = chance.random(people) < 0.5
            cut = Cut(str(at), np.where(group & secret, 0, -1).astype(np.int64), frozenset({0}))
            if not ledger.differences(cut, POLICY):
                ledger = ledger.with_release(cut)
                seen.append((group, POLICY.rounded(int((group & secret).sum()))))
        asked = np.array([group for group, _ in seen], float)
        fitted = np.linalg.lstsq(asked, np.array([count for _, count in seen], float), rcond=None)[0]
        right += bool(fitted[trial % people] > 0.5) == bool(secret[trial % people])
    assert right <= 60 / 2 + 3 * math.sqrt(60) / 2 + 6


def test_54_what_is_hidden_for_itself_and_beside_it_cannot_be_told_apart() -> None:
    """The same table with the small number in either of two rows is the same twin."""
    tables = [f"diag,n\na,{a}\nb,{b}\nc,100\nTotal,{a + b + 100}\n" for a, b in ((4, 20), (20, 4))]
    twins = [judged("t.csv", text.encode(), BY_DIAG).twin for text in tables]
    assert twins[0] == twins[1]
    assert twins[0] is not None


def test_54_how_small_a_number_is_cannot_be_told() -> None:
    twins = {judged("t.csv", f"diag,n\na,{n}\nb,200\nc,100\n".encode(), BY_DIAG).twin for n in range(8)}
    assert len(twins) == 1, "from nought to seven it is the same file"


def test_55_what_was_decided_is_decided_of_those_bytes() -> None:
    """A tiny edit is another file with another digest: no vote carries over to it, and the same bytes have the same name."""
    first, again = judged("t.csv", b"diag,n\na,200\n", BY_DIAG), judged("t.csv", b"diag,n\na,200\n", BY_DIAG)
    edited = judged("t.csv", b"diag,n\na,205\n", BY_DIAG)
    assert (first.twin_digest, first.digest) == (again.twin_digest, again.digest)
    assert edited.twin_digest != first.twin_digest == sha256(first.twin or b"")


def test_55_an_edit_that_changes_nothing_that_is_shown_is_the_same_file() -> None:
    """Resubmitting until a reviewer passes it: renamed, reordered, re-spaced, it is known for what it is."""
    first = judged("t.csv", b"diag,n\na,200\nb,300\n", BY_DIAG)
    for name, content in (
        ("renamed.csv", b"diag,n\na,200\nb,300\n"),
        ("t.csv", b"n,diag\r\n300,b\r\n200, a\r\n"),
    ):
        assert judged(name, content, BY_DIAG).twin_digest == first.twin_digest


def test_every_attack_by_sequence_is_tried() -> None:
    named = {int(name.split("_")[1]) for name in globals() if name.startswith("test_5")}
    assert named | set(SEQUENCES) == set(range(43, 56))
