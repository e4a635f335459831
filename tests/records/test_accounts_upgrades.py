"""An accounts' database that an earlier version laid out is opened, brought up to date and whole; a newer version's is refused.

`tests/golden/accounts/layout-N.sql` is such a database as the version with N steps left it, and is never written again; 0 is of
the time before steps were noted. For a new step, write its own once: `python -m tests.records.test_accounts_upgrades`.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, insert, inspect, select

from tests.contract.test_ledger_on_postgresql import on_a_server, url
from tests.records.test_upgrades import from_sql, write_missing
from tre.records.accounts import Accounts, Credentials, Link, SignedIn, Token
from tre.records.accounts.schema import ACCOUNTS, LAYOUT, STEPS, lay_out
from tre.records.accounts.sealing import Sealing
from tre.records.database import connect, creating, parse_url, reading
from tre.records.errors import LedgerRefused

__all__ = ["url"]
"""A schema of the server's, as the ledger's contract has it."""

GOLDEN = Path(__file__).parents[1] / "golden" / "accounts"
SEALING = Sealing(b"k" * 32)
SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105 - nobody's
TOKEN = Token("t1", "ada", "laptop", ("read", "submit"), 2, 9_000, 0)
SESSION = SignedIn("digest-of-a-session", "ada", 3, 3, 3)
LINK = Link("https://id.example", "subject-1", "ada", "eve", 4)


def tell_everything(accounts: Accounts) -> None:
    """One row, or more, in every table."""
    accounts.enrol(Credentials("ada", "hash", SECRET), ("recovery-1", "recovery-2"), 1)
    accounts.invite("invitation-1", "ben", expires=9_000)
    accounts.add_token("digest-of-a-token", TOKEN)
    accounts.begin(SESSION)
    accounts.failed("somebody", 5)
    accounts.keep_draft("d1", "ada", about="an application", body="words", now=6)
    accounts.see("ada", 7)
    accounts.elsewhere.link(LINK)


def engine_of(url: str) -> Engine:
    return connect(parse_url(url))


def carried_to(server: str, step: int, folder: Path) -> str:
    """The same database on a server, every row as it stands in the file."""
    file, there = engine_of(from_sql(GOLDEN / f"layout-{step}.sql", folder)), engine_of(server)
    tables = [table for table in ACCOUNTS.sorted_tables if table is not LAYOUT]
    if step:
        lay_out(there, STEPS[:step])
    with reading(file) as old, creating(there) as new:
        if not step:
            ACCOUNTS.create_all(new, tables=tables)
        for table in tables:
            # A database counts such rows by itself.
            wanted = [column for column in table.columns if column.name != "number"]
            rows = [{**row} for row in old.execute(select(*wanted)).mappings()]
            new.execute(insert(table), rows) if rows else None
    file.dispose()
    there.dispose()
    return server


@pytest.fixture(params=range(len(STEPS) + 1))
def step(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["file", pytest.param("server", marks=on_a_server)])
def old(request: pytest.FixtureRequest, step: int, tmp_path: Path) -> str:
    if request.param == "server":
        return carried_to(request.getfixturevalue("url"), step, tmp_path)
    return from_sql(GOLDEN / f"layout-{step}.sql", tmp_path)


@pytest.fixture
def accounts(old: str) -> Iterator[Accounts]:
    accounts = Accounts.open(old, SEALING)
    yield accounts
    accounts.close()


def test_every_layout_that_ever_was_has_its_database_here() -> None:
    assert sorted(path.name for path in GOLDEN.glob("*.sql")) == [
        f"layout-{step}.sql" for step in range(len(STEPS) + 1)
    ]


def test_what_an_earlier_version_kept_is_there_after_the_upgrade(accounts: Accounts) -> None:
    assert accounts.credentials("ada") == Credentials("ada", "hash", SECRET)
    assert accounts.recovery_left("ada") == 2
    assert accounts.invited("invitation-1", 8) == "ben"
    assert accounts.token("digest-of-a-token", 8) == TOKEN
    assert accounts.session(SESSION.key) == SESSION
    assert accounts.failures("somebody", 4) == 1
    assert [each["body"] for each in accounts.drafts("ada")] == ["words"]
    assert (accounts.seen("ada"), accounts.elsewhere.links()) == (7, (LINK,))


def test_after_the_upgrade_everything_is_written_as_before(accounts: Accounts) -> None:
    assert accounts.spend_step("ada", 8)
    assert accounts.spend_recovery("ada", "recovery-1")
    assert accounts.revoke("ada", "t1")
    accounts.end(SESSION.key)
    accounts.enrol(Credentials("ben", "hash", SECRET), (), 9)
    assert (accounts.invited("invitation-1", 8), accounts.session(SESSION.key)) == (None, None)
    with reading(accounts._engine) as connection:
        assert set(inspect(connection).get_table_names()) >= set(ACCOUNTS.tables)


def test_an_upgrade_is_taken_once(accounts: Accounts) -> None:
    assert lay_out(accounts._engine) == 0


def next_step(connection: Connection) -> None:
    """What a later version might add: to every table a column with a default."""
    for table in ACCOUNTS.sorted_tables:
        if table is not LAYOUT:
            added = "ADD COLUMN of_the_next TEXT NOT NULL DEFAULT 'nothing'"
            connection.exec_driver_sql(f"ALTER TABLE {table.name} {added}")


def test_pages_of_this_version_go_on_while_and_after_a_next_one_brings_the_tables_up_to_date(
    old: str,
) -> None:
    accounts, failed, upgraded = Accounts.open(old, SEALING), [], threading.Event()

    def sign_in() -> None:
        number = 0
        try:
            while number < 10 or not upgraded.is_set():
                number += 1
                accounts.begin(SignedIn(f"session-{number}", "ada", number, number, number))
                accounts.failed("somebody", number)
        except Exception as error:  # noqa: BLE001 - it is asserted on in the other thread
            failed.append(error)

    people = threading.Thread(target=sign_in)
    people.start()
    newer = engine_of(old)
    assert lay_out(newer, (*STEPS, next_step)) == 1
    upgraded.set()
    people.join()
    assert failed == []
    assert accounts.session("session-10") is not None
    accounts.close()
    newer.dispose()


def test_a_newer_versions_accounts_are_not_opened_and_are_as_they_were(old: str) -> None:
    newer = engine_of(old)
    lay_out(newer, (*STEPS, next_step))
    with pytest.raises(LedgerRefused, match="layout-newer"):
        Accounts.open(old, SEALING)
    with reading(newer) as connection:
        assert len(connection.execute(select(ACCOUNTS.tables["account_recovery"].c.code)).all()) == 2
    newer.dispose()


def leave(step: int, path: Path) -> None:
    """Leave a database as the version with so many steps does."""
    engine = engine_of(f"sqlite:///{path}")
    lay_out(engine, STEPS[:step])
    accounts = Accounts(engine, SEALING)
    tell_everything(accounts)
    accounts.close()


if __name__ == "__main__":
    write_missing(GOLDEN, len(STEPS), leave)
