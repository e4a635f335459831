"""The ledger's contract, in PostgreSQL: each test in a schema of its own of the database that TRE_TEST_POSTGRES_URL names.

`make test` starts a server and names it; what is true of every server that is not there is tried without one.
"""

import os
import threading
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url

from tests.contract.ledger_contract import LedgerContract
from tests.records.examples import EXAMPLES, NOW, POLICY, STUDY, tell
from tre.records import database
from tre.records.errors import LedgerBroken, LedgerRefused, LedgerUnavailable
from tre.records.ledger import Ledger

SERVER = os.environ.get("TRE_TEST_POSTGRES_URL", "")

on_a_server = pytest.mark.skipif(
    not SERVER,
    reason="TRE_TEST_POSTGRES_URL names no PostgreSQL to test with; `make test` starts one where it may",
)


def administer(statement: str) -> None:
    engine = create_engine(SERVER)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def url() -> Iterator[str]:
    schema = f"tre_test_{uuid.uuid4().hex}"
    administer(f"CREATE SCHEMA {schema}")
    inside = make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"})
    yield inside.render_as_string(hide_password=False)
    administer(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger.create(url)
    yield ledger
    ledger.close()


@on_a_server
class TestLedgerOnPostgresql(LedgerContract):
    """The contract."""


@on_a_server
def test_a_ledger_is_not_created_over_another(ledger: Ledger, url: str) -> None:
    again = Ledger.open(url)
    assert again.head() == ledger.head()
    again.close()
    with pytest.raises(LedgerRefused, match="ledger-exists"):
        Ledger.create(url)


@on_a_server
def test_of_many_that_create_a_ledger_at_once_one_does_and_the_others_are_told(url: str) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            Ledger.create(url).close()
            outcomes.append("created")
        except LedgerRefused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", *["ledger-exists"] * 3]


@on_a_server
def test_a_place_without_a_ledger_is_not_one(url: str) -> None:
    with pytest.raises(LedgerRefused, match="ledger-missing"):
        Ledger.open(url)


@on_a_server
def test_not_even_a_truncate_empties_it(ledger: Ledger) -> None:
    with pytest.raises(LedgerUnavailable), ledger.transaction() as tx:
        tx._connection.exec_driver_sql("TRUNCATE events")


@on_a_server
@pytest.mark.parametrize(
    "attack",
    [
        "ALTER TABLE events DISABLE TRIGGER events_never_change",
        "ALTER TABLE events ENABLE REPLICA TRIGGER events_never_go",
        "DROP TRIGGER events_come_in_order ON events",
    ],
)
def test_a_guard_that_was_taken_down_or_put_to_sleep_shows(ledger: Ledger, attack: str) -> None:
    tell(ledger, "application", "waning", STUDY)
    with ledger.transaction() as tx:
        tx._connection.exec_driver_sql(attack)
    with pytest.raises(LedgerBroken):
        ledger.verify()


@on_a_server
def test_a_write_does_not_wait_for_another_for_ever(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    first, second = Ledger.create(url), Ledger.open(url)
    event = EXAMPLES["application.applied"]
    with first.transaction() as tx:
        with pytest.raises(LedgerUnavailable):
            second.append("application", "a", (event,), expected_seq=0, actor="ada", at=NOW, policy=POLICY)
        assert tx.head().position == 0
    second.append("application", "a", (event,), expected_seq=0, actor="ada", at=NOW, policy=POLICY)
    for ledger in (first, second):
        ledger.close()


@on_a_server
def test_what_was_appended_is_durable_whatever_the_session_was_set_to(url: str) -> None:
    lax = make_url(url)
    options = f"{lax.query['options']} -csynchronous_commit=off"
    lax = lax.update_query_dict({"options": options})
    ledger = Ledger.create(lax.render_as_string(hide_password=False))
    with ledger.transaction() as tx:
        assert tx._connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    ledger.close()


@on_a_server
def test_a_reader_can_write_nothing(ledger: Ledger) -> None:
    with pytest.raises(LedgerUnavailable), database.reading(ledger.engine) as connection:
        connection.exec_driver_sql("CREATE TABLE notes (note text)")


@on_a_server
def test_a_url_without_a_driver_means_the_one_that_is_installed(ledger: Ledger, url: str) -> None:
    bare = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    again = Ledger.open(bare)
    assert again.head() == ledger.head()
    again.close()


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_a_server_that_is_not_there_is_said_to_be_unavailable(driver: str) -> None:
    for door in (Ledger.open, Ledger.create):
        with pytest.raises(LedgerUnavailable) as caught:
            door(f"{driver}://someone:secret@/database?host=/nowhere")
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "postgresql+asyncpg", "postgresql+nothing"])
def test_a_driver_that_is_not_installed_is_refused_by_name(driver: str) -> None:
    with pytest.raises(LedgerRefused, match="database-not-supported"):
        Ledger.open(f"{driver}://someone@host/database")
