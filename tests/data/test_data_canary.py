"""The canaries hold exactly what the health job must find, and nobody real."""

# ruff: noqa: S608 - the questions are SQL put together on purpose

from datetime import timedelta

import duckdb
import pytest

from tre.data import canary
from tre.data.errors import KeyRefused
from tre.data.pseudonyms import studies_key, valid_nhs_number
from tre.data.store import open_store

from .conftest import AT, SITE  # isort: skip


@pytest.fixture(scope="module")
def canaries(tmp_path_factory):
    return canary.build_canary(tmp_path_factory.mktemp("canaries") / "store", key=SITE, at=AT)


def ask(store, sql):
    with duckdb.connect(str(store.files["core"]), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_one_cell_is_too_small_and_every_other_is_not(canaries):
    cells = {
        (region, sex): n
        for region, sex, n in ask(canaries, "SELECT region, sex, count(*) FROM patients GROUP BY ALL")
    }
    assert cells.pop((canary.SMALL_REGION, canary.SMALL_SEX)) == canary.SMALL_NUMBER == 3
    assert min(cells.values()) > 7
    assert len(cells) == 14


def test_one_registration_carries_a_value_shaped_like_an_identifier(canaries):
    found = ask(
        canaries,
        f"SELECT count(*) FROM {canary.PLANTED_TABLE} WHERE {canary.PLANTED_COLUMN} = '{canary.PLANTED_IDENTIFIER}'",
    )
    assert found[0][0] >= 1
    assert valid_nhs_number(canary.PLANTED_IDENTIFIER)


def test_the_store_opens_like_any_other_and_says_what_it_is(canaries):
    assert open_store(canaries.root.parent.parent).backend == canary.BACKEND
    assert canaries.optout_list_date == AT.date()


def test_the_same_month_keeps_the_canaries_and_altered_or_old_ones_are_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "PATIENTS", 60)
    first = canary.build_canary(tmp_path / "c", key=SITE, at=AT)
    kept = canary.build_canary(tmp_path / "c", key=SITE, at=AT + timedelta(days=3))
    assert kept.version == first.version
    path = first.files["core"]
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    path.chmod(0o444)
    made = canary.build_canary(tmp_path / "c", key=SITE, at=AT + timedelta(days=3))
    assert made.root.is_dir()
    later = canary.build_canary(tmp_path / "c", key=SITE, at=AT + timedelta(days=40))
    assert len({first.version, made.version, later.version}) == 3


def test_canaries_need_the_sites_key(tmp_path):
    with pytest.raises(KeyRefused):
        canary.build_canary(tmp_path / "c", key=studies_key(SITE, "tpp"), at=AT)
