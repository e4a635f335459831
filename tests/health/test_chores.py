"""What keeps the house by the clock is done once in its time, in order, and never while it may not be [P13] [P15]."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.torture.stand import begin, hands, tre_says
from tre.custody.people import Person, Role
from tre.dispatch.schedule import Gate, Reason
from tre.health.chores import DONE, Chore, Chores, Rota, failed_since, keep_house, rota_of
from tre.main import Opening
from tre.records.daybook import Daybook
from tre.records.errors import BackupRefused, LedgerUnavailable
from tre.records.ledger import Ledger
from tre.records.site import load_site
from tre.service import By

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVE = Person("eve", frozenset({Role.MAINTAINER}), NOON.date() + timedelta(days=900))
PAUSE = Gate(everything=Reason("paused", "A maintainer has paused this: a look at it.", ""))
BOTH = (Chore.RETENTION, Chore.BACKUP)
Do = Callable[[By], object]


@pytest.fixture
def daybook(tmp_path: Path) -> Daybook:
    return Daybook(Ledger.create(f"sqlite:///{tmp_path / 'ledger.db'}"))


def noting(daybook: Daybook, **instead: Do) -> Chores:
    """Chores that are done and noted, but for those that something else is done of."""

    def done(chore: Chore) -> Do:
        return lambda by: daybook.note(DONE[chore], actor=by.person.id, at=by.now, facts={})

    return Chores(Rota(), {each: instead.get(each.name.lower(), done(each)) for each in Chore})


def round_at(
    chores: Chores, daybook: Daybook, after: timedelta, gate: Gate | None = None
) -> tuple[Chore, ...]:
    return keep_house(chores, daybook, By(EVE, NOON + after), gate or Gate())


def test_each_is_done_once_a_day_and_a_backup_follows_what_was_deleted(daybook: Daybook) -> None:
    chores = noting(daybook)
    assert round_at(chores, daybook, 0 * HOUR) == BOTH
    assert round_at(chores, daybook, 23 * HOUR) == ()
    assert round_at(chores, daybook, 24 * HOUR) == BOTH
    assert [each.kind for each in daybook.entries()] == ["retention-run", "backed-up"] * 2


def test_nothing_is_deleted_while_the_platform_is_paused_and_backups_go_on(daybook: Daybook) -> None:
    chores = noting(daybook)
    assert round_at(chores, daybook, 0 * HOUR, PAUSE) == (Chore.BACKUP,)
    assert round_at(chores, daybook, HOUR) == (Chore.RETENTION,)


def test_one_that_fails_stops_no_other_and_is_tried_again_after_an_hour(daybook: Daybook) -> None:
    def fail(_by: By) -> object:
        raise BackupRefused("no-room", "There is no room.", fix="Make some.")

    failing = noting(daybook, retention=fail)
    assert round_at(failing, daybook, 0 * HOUR) == BOTH
    assert failed_since(daybook, Chore.RETENTION) == "no-room"
    assert failed_since(daybook, Chore.BACKUP) == ""
    assert round_at(failing, daybook, HOUR / 2) == ()
    assert round_at(noting(daybook), daybook, HOUR) == (Chore.RETENTION,)
    assert failed_since(daybook, Chore.RETENTION) == ""


def test_a_clock_that_was_put_back_puts_nothing_off(daybook: Daybook) -> None:
    chores = noting(daybook)
    round_at(chores, daybook, 900 * HOUR)
    assert round_at(chores, daybook, 0 * HOUR) == BOTH


def test_a_database_that_is_away_is_no_failure_of_a_chore(daybook: Daybook) -> None:
    def away(_by: By) -> object:
        raise LedgerUnavailable("ledger-unavailable", "It is away.", fix="Wait.")

    with pytest.raises(LedgerUnavailable):
        round_at(noting(daybook, backup=away), daybook, 0 * HOUR)
    assert failed_since(daybook, Chore.BACKUP) == ""


def test_a_site_says_how_often_and_nothing_that_cannot_be() -> None:
    made = rota_of({"retention_hours": 12, "backup_hours": 6, "backup_into": "/mnt/elsewhere"})
    assert made == Rota(12 * HOUR, 6 * HOUR, "/mnt/elsewhere")
    for wrong in ({"backup_hours": 0}, {"often": 1}, {"retention_hours": "x"}):
        with pytest.raises((ValueError, TypeError)):
            rota_of(wrong)


def test_the_watch_of_a_site_makes_the_backup_that_its_file_names(tmp_path: Path) -> None:
    site, copy = tmp_path / "site", tmp_path / "copy"
    begin(site)
    for folder, wanted in (("", (Chore.RETENTION,)), (str(copy), (Chore.BACKUP,))):
        with (site / "site.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[maintenance.chores]\nbackup_into = "{folder}"\n' if folder else "")
        opening = Opening(site, hands(site))
        by = By(load_site(site).person("eve"), hands(site).clock())
        assert keep_house(opening.post().chores, opening._daybook, by, Gate()) == wanted
        opening._seals.ledger.close()
    assert tre_says(site, "backup", "verify", str(copy))["files"] > 0
