"""Nobody is got out by a random search over counts; the full size of it is `benchmarks/checks_random_search.py`."""

from output_checks.policy import load_policy
from tests.output_checks.random_search import (
    Lot,
    checked_alone,
    checked_and_compared,
    known_to_everybody,
    search,
)

POLICY = load_policy()
SEQUENCES, EXACT_SEQUENCES = 80, 12


def test_no_sequence_of_counts_gets_a_person_out() -> None:
    gate = checked_and_compared(POLICY)
    assert not [at for at, found in enumerate(search(gate, Lot(1), SEQUENCES)) if found.out]


def test_nor_out_of_exact_ones_beside_what_everybody_knows() -> None:
    gate = checked_and_compared(load_policy(pack="sdap-10"), known_to_everybody(Lot(1)))
    assert not [at for at, found in enumerate(search(gate, Lot(1), EXACT_SEQUENCES)) if found.out]


def test_without_the_ledger_the_same_search_gets_people_out() -> None:
    """The attacker is one: thresholds and rounding alone do not stop it, and without rounding most sequences do."""
    assert sum(found.out for found in search(checked_alone(POLICY), Lot(1), SEQUENCES)) > 0
    unrounded = checked_alone(load_policy(pack="sdap-10"))
    assert sum(found.out for found in search(unrounded, Lot(1), SEQUENCES)) > SEQUENCES // 2


def test_honest_counts_are_answered() -> None:
    """The first count of large groups, and counts of people who have nothing to do with each other."""
    lot = Lot(2)
    sex, ill = lot.known[1] == 0, lot.world()
    first, second = checked_and_compared(POLICY)([sex & ill, ~sex & ill])
    assert first == POLICY.rounded(int((sex & ill).sum()))
    assert second == POLICY.rounded(int((~sex & ill).sum()))
