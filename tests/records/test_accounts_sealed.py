"""[P13] Second factors at rest: sealed for their own person, under a key that lies elsewhere; an older site's are sealed when it is opened."""

import sqlite3

import pytest

from tre.records.accounts import Accounts, Credentials
from tre.records.accounts.sealing import Sealing
from tre.records.errors import KeyRefused
from tre.records.keys import secret_of

SEALING = Sealing(b"k" * 32)
SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105 - nobody's


@pytest.fixture
def place(tmp_path):
    return tmp_path / "accounts.db"


def opened(place, sealing=SEALING) -> Accounts:
    return Accounts.open(f"sqlite:///{place}", sealing)


def enrolled(place) -> None:
    accounts = opened(place)
    accounts.enrol(Credentials("ada", "hash", SECRET), (), 1)
    accounts.close()


def written(place, statement: str, *values: str) -> None:
    with sqlite3.connect(place) as connection:
        connection.execute(statement, values)


def test_a_second_factor_comes_back_and_is_nowhere_in_the_file(place) -> None:
    enrolled(place)
    assert opened(place).credentials("ada").secret == SECRET
    assert not any(SECRET.encode() in path.read_bytes() for path in place.parent.iterdir())


def test_another_key_opens_nothing_and_says_what_to_do(place) -> None:
    enrolled(place)
    with pytest.raises(KeyRefused, match=r"accounts\.key"):
        opened(place, Sealing(b"o" * 32)).credentials("ada")


def test_one_that_is_moved_to_somebody_else_opens_nothing(place) -> None:
    enrolled(place)
    written(place, "UPDATE account_credentials SET person = 'ben'")
    with pytest.raises(KeyRefused, match="cannot be opened"):
        opened(place).credentials("ben")


@pytest.mark.parametrize("kept", ["sealed:", "sealed:AAAA", "sealed:not base64!"])
def test_one_that_was_changed_opens_nothing(place, kept: str) -> None:
    enrolled(place)
    written(place, "UPDATE account_credentials SET secret = ?", kept)
    with pytest.raises(KeyRefused, match="cannot be opened"):
        opened(place).credentials("ada")


def test_what_an_older_site_kept_as_it_is_is_sealed_when_it_is_opened(place) -> None:
    enrolled(place)
    written(place, "UPDATE account_credentials SET secret = ?", SECRET)
    assert opened(place).credentials("ada").secret == SECRET
    with sqlite3.connect(place) as connection:
        (kept,) = connection.execute("SELECT secret FROM account_credentials").fetchone()
    assert kept.startswith("sealed:")


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path) -> None:
    place = tmp_path / "accounts.key"
    assert secret_of(place, b"a" * 32) == secret_of(place, b"b" * 32) == b"a" * 32
    assert place.stat().st_mode & 0o777 == 0o600
    place.chmod(0o644)
    with pytest.raises(KeyRefused, match="key-exposed"):
        secret_of(place, b"a" * 32)
