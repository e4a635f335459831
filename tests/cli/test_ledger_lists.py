"""`tre ledger lists`: a newer version prepares its lists before it serves, and an older one's go when it is said that they may."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.torture.stand import begin, hands, tre_says


def digest_of(site: Path) -> str:
    house = hands(site).wiring().open_house(site)
    digest = house.read_models.digest()
    house.service.ledger.close()
    return digest


def test_lists_are_prepared_folded_anew_and_those_of_others_forgotten(tmp_path: Path) -> None:
    site = tmp_path / "site"
    begin(site)
    prepared = tre_says(site, "ledger", "lists")
    assert prepared["position"] == tre_says(site, "ledger", "verify")["events"]
    before = digest_of(site)
    with closing(sqlite3.connect(site / "ledger.db")) as connection:
        connection.execute("CREATE TABLE read_studies_0badcafe (id TEXT PRIMARY KEY)")
    assert tre_says(site, "ledger", "lists", "--anew") == prepared
    assert tre_says(site, "ledger", "lists", "--forget") == {**prepared, "forgotten": 1}
    assert digest_of(site) == before
