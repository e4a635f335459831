"""A database that an earlier version laid out is opened, brought up to date and whole; a newer version's is refused.

`tests/golden/ledgers/layout-N.sql` is such a database as the version with N steps left it, and is never written again. For a
new step, write its own once: `python -m tests.records.test_upgrades`.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import insert, inspect, select

from tests.contract.test_ledger_on_postgresql import on_a_server, url
from tests.records.examples import NOW, STUDY, tell, tell_everything
from tre.custody.notices import Notice
from tre.records.beside import BESIDE, LAYOUT, STEPS, lay_out
from tre.records.claims import Claim, Claims, Told
from tre.records.costs import Costs
from tre.records.database import reading, writing
from tre.records.daybook import Daybook
from tre.records.errors import LedgerRefused
from tre.records.ledger import Ledger
from tre.records.outbox import Outbox
from tre.records.review_desk import ReviewDesk
from tre.records.schema import EVENTS

__all__ = ["url"]
"""A schema of the server's, as the ledger's contract has it."""

GOLDEN = Path(__file__).parents[1] / "golden" / "ledgers"
PLACE = ("run-1", "cohort")


def from_sql(sql: Path, folder: Path) -> str:
    """The URL of a database that is in a folder and holds what a file of SQL says."""
    path = folder / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(sql.read_text(encoding="utf-8"))
    connection.close()
    return f"sqlite:///{path}"


def as_left_by(step: int, folder: Path) -> str:
    """The URL of a database as the version with so many steps left it."""
    return from_sql(GOLDEN / f"layout-{step}.sql", folder)


def carried_to(server: str, step: int, folder: Path) -> Ledger:
    """The same on a server: laid out by the same steps, every row as it stands in the file."""
    file, ledger = Ledger.open(as_left_by(step, folder)), Ledger.create(server)
    lay_out(ledger.engine, STEPS[:step])
    with reading(file.engine) as old, writing(ledger.engine) as new:
        for table in (EVENTS, *BESIDE.sorted_tables):
            if table is not LAYOUT and inspect(old).has_table(table.name):
                rows = [{**row} for row in old.execute(select(table)).mappings()]
                new.execute(insert(table), rows) if rows else None
    file.close()
    return ledger


@pytest.fixture(params=range(1, len(STEPS) + 1))
def step(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["file", pytest.param("server", marks=on_a_server)])
def old(request: pytest.FixtureRequest, step: int, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "file":
        ledger = Ledger.open(as_left_by(step, tmp_path))
    else:
        ledger = carried_to(request.getfixturevalue("url"), step, tmp_path)
    yield ledger
    ledger.close()


def test_every_layout_that_ever_was_has_its_database_here() -> None:
    assert sorted(path.name for path in GOLDEN.glob("*.sql")) == [
        f"layout-{step}.sql" for step in range(1, len(STEPS) + 1)
    ]


def test_what_an_earlier_version_wrote_is_there_and_whole_after_the_upgrade(old: Ledger) -> None:
    claims, daybook = Claims(old), Daybook(old)
    assert old.verify().position == 19
    assert claims.of(PLACE[0]) == {PLACE[1]: Claim("one", 1)}
    assert claims.faults()[PLACE].code == "image-not-here"
    assert [entry.facts["why"] for entry in daybook.entries()] == ["a new disk"]
    with reading(old.engine) as connection:
        assert set(inspect(connection).get_table_names()) >= set(BESIDE.tables)


def test_everything_that_is_new_works_after_the_upgrade(old: Ledger) -> None:
    Daybook(old).note("resumed", actor="eve", at=NOW, facts={"why": ""})
    ReviewDesk(old).claim("run-1", "cleo", NOW.timestamp())
    claims = Claims(old)
    claims.note_share(PLACE, claims.of(PLACE[0])[PLACE[1]].token, 2)
    assert claims.told(PLACE[0]) == Told({PLACE[1]: 2})
    for seconds in (3.0, 2.0):
        Costs(old).note("tpp", {"a key": {2_000: 1.0, 20_000: seconds}})
    assert Costs(old).of("tpp", ["a key", "another"]) == {"a key": {2_000: 1.0, 20_000: 2.0}}
    assert Costs(old).of("emis", ["a key"]) == {}
    Outbox(old).add("one", Notice("cleo", "Something waits.", "", "/review"), at=NOW.isoformat())
    tell(old, "application", "another", STUDY)
    assert old.verify().position == 19 + len(STUDY)


def test_an_upgrade_is_taken_once(old: Ledger) -> None:
    lay_out(old.engine)
    assert lay_out(old.engine) == 0


def test_a_newer_versions_tables_are_refused_and_the_ledger_is_as_it_was(old: Ledger) -> None:
    lay_out(old.engine, (*STEPS, lambda _connection: None))
    for door in (Claims, Daybook, Outbox, ReviewDesk):
        with pytest.raises(LedgerRefused, match="layout-newer"):
            door(old)
    assert old.verify().position == 19


@pytest.mark.parametrize("step", range(1, len(STEPS)))
def test_work_goes_on_while_the_tables_are_brought_up_to_date(step: int, tmp_path: Path) -> None:
    """A worker of the version before claims and appends all the while, before, during and after the upgrade."""
    ledger = Ledger.open(as_left_by(step, tmp_path))
    claims, failed, upgraded = Claims.__new__(Claims), [], threading.Event()
    claims._engine = ledger.engine

    def work() -> None:
        number = 0
        try:
            while number < 10 or not upgraded.is_set():
                number += 1
                tell(ledger, "application", f"study-{number}", STUDY[:1])
                with ledger.transaction() as tx:
                    claims.take(tx, ("run-1", f"action-{number}"), "one", NOW.timestamp())
        except Exception as error:  # noqa: BLE001 - it is asserted on in the other thread
            failed.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    other = Ledger.open(str(ledger.engine.url))
    assert lay_out(other.engine) == len(STEPS) - step
    upgraded.set()
    worker.join()
    assert failed == []
    assert other.verify().position >= 29
    other.close()
    ledger.close()


def write_missing(golden: Path, steps: int, made: Callable[[int, Path], None]) -> None:
    """Write as SQL, for each number of steps that has none yet, the database that a version with so many leaves."""
    for step in range(1, steps + 1):
        sql = golden / f"layout-{step}.sql"
        if not sql.exists():
            with TemporaryDirectory() as scratch:
                path = Path(scratch) / "as-left.db"
                made(step, path)
                with sqlite3.connect(path) as connection:
                    sql.write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")
                connection.close()


def leave(step: int, path: Path) -> None:
    """Leave a database as the version with so many steps does."""
    ledger = Ledger.create(f"sqlite:///{path}")
    tell_everything(ledger)
    lay_out(ledger.engine, STEPS[:step])
    claims, daybook = Claims.__new__(Claims), Daybook.__new__(Daybook)
    claims._engine = daybook._engine = ledger.engine
    with ledger.transaction() as tx:
        token = claims.take(tx, PLACE, "one", NOW.timestamp())
    claims.renew("one", (NOW + timedelta(seconds=30)).timestamp())
    claims.fault(PLACE, "image-not-here", NOW.timestamp(), token=token)
    daybook.note("paused", actor="eve", at=NOW, facts={"why": "a new disk"})
    ledger.close()


if __name__ == "__main__":
    write_missing(GOLDEN, len(STEPS), leave)
