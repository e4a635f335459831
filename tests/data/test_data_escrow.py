"""Any two of three people have the key, one alone has nothing, and a mistake is noticed."""

import itertools
import os

import pytest

from tre.data.errors import KeyRefused
from tre.data.escrow import Part, join, read_part, split

KEY_FILE = b'{"format": "tre-key-1", "role": "site", "secret": "00112233"}'


@pytest.fixture
def parts():
    return split(KEY_FILE, os.urandom(len(KEY_FILE) + 16))


@pytest.mark.parametrize("two", tuple(itertools.permutations(range(3), 2)))
def test_any_two_parts_give_the_key_back_by_way_of_paper(parts, two):
    assert join([read_part(parts[place].to_json()) for place in two]) == KEY_FILE
    assert join(parts) == KEY_FILE


def test_one_part_fits_every_secret_equally():
    # For one part and any secret at all there is one set of slopes that gives it: the part tells nothing.
    seen = {split(b"a", bytes([slope] * 17))[1].value[16] for slope in range(256)}
    assert len(seen) == 256


def test_a_part_does_not_show_itself(parts):
    assert parts[0].value.hex() not in repr(parts[0])


def test_two_copies_parts_of_two_splittings_and_altered_parts_are_refused(parts):
    other = split(KEY_FILE, os.urandom(len(KEY_FILE) + 16))
    altered = Part(2, parts[1].splitting, bytes([parts[1].value[0] ^ 1]) + parts[1].value[1:])
    for wrong, code in (
        ([parts[0], parts[0]], "escrow-too-few"),
        ([parts[0]], "escrow-too-few"),
        ([], "escrow-too-few"),
        ([parts[0], other[1]], "escrow-mixed"),
        ([parts[0], altered], "escrow-altered"),
    ):
        with pytest.raises(KeyRefused) as refused:
            join(wrong)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "tre-escrow-1", "part": 4, "splitting": "x", "value": "00"}']
)
def test_what_is_not_a_part_is_refused(text):
    with pytest.raises(KeyRefused) as refused:
        read_part(text)
    assert refused.value.code == "escrow-malformed"


@pytest.mark.parametrize(
    ("secret", "randomness"), [(b"", bytes(16)), (b"abc", bytes(18)), (b"abc", bytes(20))]
)
def test_splitting_takes_exactly_the_randomness_it_takes(secret, randomness):
    with pytest.raises(KeyRefused) as refused:
        split(secret, randomness)
    assert refused.value.code == "escrow-randomness"
