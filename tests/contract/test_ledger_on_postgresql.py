"""The ledger's contract, in PostgreSQL: run where TRE_TEST_POSTGRES_URL names an empty database that may be used up."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from tests.contract.ledger_contract import LedgerContract
from tre.records.errors import LedgerRefused, LedgerUnavailable
from tre.records.ledger import Ledger
from tre.records.read_models.tables import READ_MODELS
from tre.records.schema import LEDGER

URL = os.environ.get("TRE_TEST_POSTGRES_URL", "")

pytestmark = pytest.mark.skipif(
    not URL, reason="TRE_TEST_POSTGRES_URL names no PostgreSQL database to test with"
)

TABLES = (*LEDGER.tables, *READ_MODELS.tables)
CLEAR = (
    f"DROP TABLE IF EXISTS {', '.join(TABLES)} CASCADE",
    "DROP FUNCTION IF EXISTS ledger_is_append_only, ledger_comes_in_order CASCADE",
)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    engine = create_engine(URL)
    with engine.begin() as connection:
        for statement in CLEAR:
            connection.exec_driver_sql(statement)
    engine.dispose()
    ledger = Ledger.create(URL)
    yield ledger
    ledger.close()


class TestLedgerOnPostgresql(LedgerContract):
    """The contract."""


def test_a_ledger_is_not_created_over_another(ledger: Ledger) -> None:
    again = Ledger.open(URL)
    assert again.head() == ledger.head()
    again.close()
    with pytest.raises(LedgerRefused, match="ledger-exists"):
        Ledger.create(URL)


def test_not_even_a_truncate_empties_it(ledger: Ledger) -> None:
    with pytest.raises(LedgerUnavailable), ledger.transaction() as tx:
        tx._connection.exec_driver_sql("TRUNCATE events")
