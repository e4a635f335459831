"""The ledger's contract, in an SQLite file, and what is true of the file alone."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.ledger_contract import LedgerContract
from tests.records.examples import STUDY, tell
from tre.records.errors import LedgerRefused
from tre.records.ledger import Ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger.create(url)
    yield ledger
    ledger.close()


class TestLedgerOnSqlite(LedgerContract):
    """The contract."""


def test_what_was_appended_is_there_when_it_is_opened_again(ledger: Ledger, url: str) -> None:
    tell(ledger, "application", "waning", STUDY)
    head = ledger.head()
    ledger.close()
    again = Ledger.open(url)
    assert again.verify().hash == head.hash
    again.close()


def test_a_ledger_that_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(LedgerRefused, match="ledger-missing"):
        Ledger.open(f"sqlite:///{tmp_path}/lost.db")
    assert not [*tmp_path.iterdir()]


def test_a_file_that_holds_no_ledger_is_not_one(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(LedgerRefused, match="ledger-missing"):
        Ledger.open(f"sqlite:///{tmp_path}/empty.db")


def test_a_ledger_is_not_created_over_another(ledger: Ledger, url: str) -> None:
    tell(ledger, "application", "waning", STUDY)
    with pytest.raises(LedgerRefused, match="ledger-exists"):
        Ledger.create(url)
    assert ledger.verify().position == len(STUDY)


def test_a_ledger_of_another_format_is_not_opened(ledger: Ledger, url: str) -> None:
    with ledger.transaction() as tx:
        tx._connection.exec_driver_sql("UPDATE ledger_format SET format = 2")
    with pytest.raises(LedgerRefused, match="ledger-of-another-format"):
        Ledger.open(url)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////tmp/x.db?mode=ro",
        "mysql://host/db",
        "ledger.db",
        "",
        "oracle://x",
    ],
)
def test_a_place_where_no_ledger_can_be_kept_is_refused(url: str) -> None:
    for door in (Ledger.open, Ledger.create):
        with pytest.raises(LedgerRefused, match="database-not-supported"):
            door(url)


def test_the_file_is_for_its_owner_alone(ledger: Ledger, tmp_path: Path) -> None:
    tell(ledger, "application", "waning", STUDY)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


def test_every_connection_is_durable(ledger: Ledger) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 30000,
    }
    with ledger.transaction() as tx:
        found = {name: tx._connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    assert found == wanted
