"""The twelve attacks that a well-known checker lets through: none works on us; and on it, where it is installed, most do."""

import pytest

from benchmarks._acro_attacks import OURS, theirs
from scripts.set_up_acro import BUILD

PYTHON = BUILD / "acro" / "bin" / "python"


@pytest.mark.parametrize("number", OURS, ids=[name for name, _ in OURS.values()])
def test_it_does_not_work_on_us(number: int) -> None:
    _, works = OURS[number]
    assert not works()


@pytest.mark.skipif(not PYTHON.exists(), reason="ACRO is not installed: python scripts/set_up_acro.py")
def test_side_by_side_most_of_them_work_on_it() -> None:
    """If this fails, ACRO has become better: the notes and the comparison are to be brought up to date."""
    found = theirs(str(PYTHON))
    assert set(found) == set(OURS)
    assert sum(word == "leaks" for word in found.values()) >= 7
