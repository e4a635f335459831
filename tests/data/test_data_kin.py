"""Releases that have nobody in common are not laid beside each other, and nothing that could tell of somebody is left out [P10]."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from output_checks.ledger import Listed
from output_checks.policy import load_policy
from tests.data.test_data_released import listed
from tre.data.kin import Kin
from tre.data.released import differences

POLICY = load_policy()


class Shelf:
    """Lists by digest, and how often each was asked for."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[str] = []

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.kept[digest] = content
        return digest

    def people(self, *rows: Sequence[int], version: str = "01") -> list[str]:
        """A request of one table, whose rows hold these people."""
        return [self.put(listed("any", dict(enumerate(rows)), version=version).members)]

    def get(self, digest: str) -> tuple[bytes]:
        self.asked.append(digest)
        return (self.kept[digest],)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def related(shelf: Shelf, own: Sequence[str], others: Mapping[str, Sequence[str]]) -> set[str]:
    return set(Kin().related(own, others, shelf.get))


def test_who_is_in_both_relates_them_directly_and_through_others(shelf: Shelf) -> None:
    own = shelf.people(range(10))
    near, far, stranger = (shelf.people(range(*ends)) for ends in ((9, 20), (19, 30), (40, 50)))
    assert related(shelf, own, {"near": near, "far": far, "stranger": stranger}) == {"near", "far"}
    assert related(shelf, own, {"far": far, "stranger": stranger}) == set(), "nobody is between them"


def test_the_lists_of_one_request_belong_together(shelf: Shelf) -> None:
    both = shelf.people(range(10)) + shelf.people(range(100, 110))
    assert related(shelf, shelf.people(range(5)), {"both": both, "far": shelf.people([105])}) == {
        "both",
        "far",
    }


def test_where_it_cannot_be_known_everything_is_related(shelf: Shelf) -> None:
    own, stranger = shelf.people(range(10)), shelf.people(range(40, 50))
    no_room, other_key = [shelf.put(b"")], shelf.people(range(60, 70), version="02")
    assert related(shelf, own, {"stranger": stranger, "no room": no_room}) == {"stranger", "no room"}
    assert related(shelf, own, {"stranger": stranger, "other": other_key}) == {"stranger", "other"}


def test_one_name_may_be_of_several_lists_and_of_none(shelf: Shelf) -> None:
    (one,), (other,) = shelf.people(range(10)), shelf.people(range(40, 50))
    lists = {"own": (shelf.kept[one],), "both": (shelf.kept[one], shelf.kept[other]), "none": ()}
    others = {"both": ["both"], "through it": ["other"], "none": ["none"]}
    found = Kin().related(["own"], others, {**lists, "other": (shelf.kept[other],)}.__getitem__)
    assert found == {"both", "through it"}


def test_a_list_with_nobody_is_related_to_nothing(shelf: Shelf) -> None:
    assert related(shelf, shelf.people(range(10)), {"empty": shelf.people()}) == set()


def test_a_list_is_read_once_however_often_it_is_compared_with(shelf: Shelf) -> None:
    kin, others = Kin(), {str(n): shelf.people(range(10 * n, 10 * n + 10)) for n in range(5)}
    for number in range(10, 14):
        kin.related(shelf.people([number]), others, shelf.get)
    assert len(shelf.asked) == len(set(shelf.asked))


@pytest.mark.parametrize("seed", range(3))
def test_beside_the_related_alone_no_row_is_shown_that_would_stay_hidden_beside_everything(
    shelf: Shelf, seed: int
) -> None:
    """A small world of 120 people, told of table by table; most share somebody with some of those before."""
    chance, kin = random.Random(seed), Kin()  # noqa: S311 - a world is made again by its seed
    left: dict[str, Listed] = {}
    names: dict[str, list[str]] = {}
    set_apart = 0
    for number in range(7):
        offered = _table(chance, f"t{number}")
        own = [shelf.put(offered.members)]
        near = kin.related(own, names, shelf.get)
        hidden = _hidden(offered, [left[each] for each in left if each in near])
        assert _hidden(offered, list(left.values())) <= hidden
        set_apart += len(near) < len(left)
        names[offered.release] = own
        left[offered.release] = replace(offered, shown=offered.shown - hidden)
    assert set_apart, "in some world somebody is a stranger"


def _hidden(offered: Listed, earlier: Sequence[Listed]) -> frozenset[int]:
    found = differences(offered, earlier, POLICY)
    assert found is not None
    return frozenset(each.row for each in found)


def _table(chance: random.Random, name: str) -> Listed:
    """One to three rows of people who are next to each other, most of whom are in the rows of some other table."""
    start = 40 * chance.randrange(3)
    rows, at = {}, start + chance.randrange(3)
    for row in range(chance.randint(1, 3)):
        end = min(at + chance.choice((9, 10, 12)), start + 40)
        rows[row] = list(range(at, end))
        at = end
    return listed(name, rows)
