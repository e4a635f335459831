"""A supply may be a folder of Parquet or CSV, and what is wrong in it is said without repeating it [P2]."""

import shutil

import duckdb
import pytest

from tre.data.errors import IngestRefused
from tre.data.ingest import ingest
from tre.data.synth import TABLES, synthesise

from .conftest import AT, SITE  # isort: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "supply.duckdb"
    synthesise(path, patients=120, seed=4, events_per_patient=10)
    return path


@pytest.fixture(scope="module")
def folders(small, tmp_path_factory):
    root = tmp_path_factory.mktemp("folders")
    with duckdb.connect(str(small), read_only=True) as connection:
        for kind in ("csv", "parquet"):
            (root / kind).mkdir()
            for table in (*TABLES, "supply"):
                connection.execute(f"COPY {table} TO '{root / kind / table}.{kind}'")
    return root


def dump(built):
    tables = {}
    for path in sorted(built.folder.glob("*.duckdb")):
        with duckdb.connect(str(path), read_only=True) as connection:
            for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                tables[path.name, name] = sorted(connection.execute(f"FROM {name}").fetchall(), key=repr)
    return tables


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_makes_the_same_store_as_a_database(small, folders, tmp_path, kind):
    from_file = ingest(small, tmp_path / "one", key=SITE, backend="tpp", at=AT)
    from_folder = ingest(folders / kind, tmp_path / "two", key=SITE, backend="tpp", at=AT)
    assert dump(from_folder) == dump(from_file)
    assert from_file.rows["clinical_events"] > 0


def test_a_table_may_be_a_folder_of_files(small, folders, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(folders / "parquet", mixed)
    (mixed / "coded_event.parquet").unlink()
    with duckdb.connect(str(small), read_only=True) as connection:
        (mixed / "coded_event").mkdir()
        for part in range(2):
            where = f"WHERE rowid % 2 = {part}"
            connection.execute(
                f"COPY (FROM coded_event {where}) TO '{mixed / 'coded_event' / str(part)}.parquet'"
            )
    whole = ingest(folders / "parquet", tmp_path / "one", key=SITE, backend="tpp", at=AT)
    assert dump(ingest(mixed, tmp_path / "two", key=SITE, backend="tpp", at=AT)) == dump(whole)


def spoil(folder, name, text):
    path = folder / name
    path.write_text(text(path.read_text()))


SPOILT = {
    "a date that is none": ("death.csv", lambda text: text.replace("-0", "-banana", 1), "death"),
    "a number that is none": ("coded_event.csv", lambda text: text.replace(",,", ",secret-value,", 1), "coded_event"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "where"), SPOILT.values(), ids=SPOILT.keys())
def test_a_value_that_cannot_be_read_is_refused_with_its_table_and_without_itself(
    folders, tmp_path, name, text, where
):
    folder = tmp_path / "csv"
    shutil.copytree(folders / "csv", folder)
    spoil(folder, name, text)
    with pytest.raises(IngestRefused) as refused:
        ingest(folder, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert (refused.value.code, refused.value.reasons[0].where) == ("supply-malformed", where)
    assert "banana" not in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


FOLDERS = {
    "a file of another kind": lambda folder: (folder / "note.txt").write_text("hello"),
    "a table twice": lambda folder: shutil.copy(folder / "death.csv", folder / "death.parquet"),
    "an empty table folder": lambda folder: (folder / "extra").mkdir(),
    "a name that is not a table's": lambda folder: (folder / "a; b.csv").write_text("a\n1\n"),
}


@pytest.mark.parametrize("harm", FOLDERS.values(), ids=FOLDERS.keys())
def test_a_folder_that_is_not_a_supply_is_refused(folders, tmp_path, harm):
    folder = tmp_path / "csv"
    shutil.copytree(folders / "csv", folder)
    harm(folder)
    with pytest.raises(IngestRefused) as refused:
        ingest(folder, tmp_path / "store", key=SITE, backend="tpp", at=AT)
    assert refused.value.code in {"supply-unreadable", "supply-malformed"}
