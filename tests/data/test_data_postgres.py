"""A supply may be a PostgreSQL database: streamed in one snapshot, and the columns that are not needed never asked for [P2]."""

import os
import uuid

import duckdb
import psycopg
import pytest

from tests.data.conftest import AT, SITE
from tests.data.test_data_supply import dump
from tre.data.errors import IngestRefused
from tre.data.ingest import ingest
from tre.data.synth import TABLES, synthesise

SERVER = os.environ.get("TRE_TEST_POSTGRES_URL", "").replace("postgresql+psycopg://", "postgresql://")

pytestmark = pytest.mark.skipif(
    not SERVER,
    reason="TRE_TEST_POSTGRES_URL names no PostgreSQL to test with; `make test` starts one where it may",
)

KINDS = {"INTEGER": "integer", "BIGINT": "bigint", "DOUBLE": "double precision", "DATE": "date"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "supply.duckdb"
    synthesise(path, patients=150, seed=4, events_per_patient=10)
    return path


@pytest.fixture
def address(small):
    """The same supply in a schema of its own."""
    schema = f"tre_supply_{uuid.uuid4().hex}"
    place = f"{SERVER}{'&' if '?' in SERVER else '?'}options=-csearch_path%3D{schema}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}")
    with duckdb.connect(str(small), read_only=True) as supply, psycopg.connect(place) as server:
        for table in (*TABLES, "supply"):
            copied(supply, server, table)
    yield place
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP SCHEMA {schema} CASCADE")


def copied(supply, server, table):
    rows = supply.execute(f"FROM {table}")
    columns = ", ".join(f"{name} {KINDS.get(str(kind), 'text')}" for name, kind, *_ in rows.description)
    server.execute(f"CREATE TABLE {table} ({columns})")
    with server.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows.fetchall():
            copy.write_row(row)


def test_a_database_makes_the_same_store_as_a_file(small, address, tmp_path):
    from_file = ingest(small, tmp_path / "file", key=SITE, backend="tpp", at=AT)
    from_server = ingest(address, tmp_path / "server", key=SITE, backend="tpp", at=AT)
    assert dump(from_server) == dump(from_file)
    assert from_server.rows == from_file.rows


def test_what_the_catalogue_does_not_name_is_never_asked_for(address, tmp_path):
    """An account that may not read names, addresses and free text is enough."""
    with psycopg.connect(address) as server:
        for table, column in (
            ("person_record", "surname"),
            ("person_record", "email"),
            ("coded_event", "note"),
        ):
            server.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    assert ingest(address, tmp_path / "store", key=SITE, backend="tpp", at=AT).rows["patients"] > 100


def test_a_column_that_is_needed_and_missing_is_named(address, tmp_path):
    with psycopg.connect(address) as server:
        server.execute("ALTER TABLE covid_test DROP COLUMN result")
    with pytest.raises(IngestRefused) as refused:
        ingest(address, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.reasons[0].where == "covid_test.result"


def test_a_hidden_identifier_is_found_and_not_repeated(address, tmp_path):
    with psycopg.connect(address) as server:
        server.execute("UPDATE covid_test SET result = nhs_number")
    with pytest.raises(IngestRefused) as refused:
        ingest(address, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.code == "identifier-hidden"
    assert "999" not in str(refused.value)


def test_a_server_that_does_not_answer_is_refused_without_its_address(tmp_path):
    with pytest.raises(IngestRefused) as refused:
        ingest(
            "postgresql://somebody:secretword@127.0.0.1:1/x", tmp_path / "s", key=SITE, backend="tpp", at=AT
        )
    assert refused.value.code == "supply-unreadable"
    assert "secretword" not in f"{refused.value!r}{refused.value.__cause__!r}{refused.value.__context__!r}"


def test_a_stream_that_breaks_loads_nothing(address, tmp_path, monkeypatch):
    """The server goes away in the middle of a table."""
    from tre.data import postgres  # noqa: PLC0415 - to break it

    whole = postgres._send

    def cut(server, table, columns, writing):
        if table != "coded_event":
            whole(server, table, columns, writing)
            return
        os.write(writing, b"9990000018,2020-01-01,1019999999106,\n")
        os.close(writing)
        server.close()

    monkeypatch.setattr(postgres, "_send", cut)
    with pytest.raises(IngestRefused) as refused:
        ingest(address, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.code == "supply-unreadable"
    assert not (tmp_path / "store" / "current").exists()
