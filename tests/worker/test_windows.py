"""Maintenance windows: data actions wait in them, say so, and start by themselves when they close."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.torture.blows import step_clock
from tests.torture.stand import begin, hands, tre_says, write_study
from tre.cli.house import House
from tre.custody.requests import JobState, RequestStage
from tre.main import clock
from tre.worker import Worker
from tre.worker.gate import DAYS, Window, windows_of

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def test_a_window_is_open_from_its_first_moment_and_not_at_its_last() -> None:
    window = Window(("mon",), time(2), time(4), "the store is rebuilt")
    assert [window.is_open(at(hours)) for hours in (1.99, 2, 3.99, 4, 26)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_window_may_reach_past_midnight_into_a_day_that_it_does_not_name() -> None:
    window = Window(("mon",), time(22), time(3), "the store is rebuilt")
    assert [window.is_open(at(hours)) for hours in (2, 21.9, 22, 26.9, 27, 46)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


@given(
    starts=st.times(),
    ends=st.times(),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    minutes=st.integers(0, 7 * 24 * 60 - 1),
)
def test_a_window_is_open_as_long_as_it_says_and_on_no_other_day(
    starts: time, ends: time, days: set[str], minutes: int
) -> None:
    if starts == ends:
        return
    window, now = Window(tuple(days), starts, ends, "why"), MONDAY + timedelta(minutes=minutes)
    opened = [
        begins
        for back in (0, 1)
        for begins in [datetime.combine(now.date() - timedelta(days=back), starts, UTC)]
        if DAYS[begins.weekday()] in days
    ]
    long = (datetime.combine(MONDAY, ends) - datetime.combine(MONDAY, starts)) % timedelta(days=1)
    assert window.is_open(now) == any(begins <= now < begins + long for begins in opened)


def test_a_moment_elsewhere_in_the_world_is_read_in_utc() -> None:
    window = Window(("mon",), time(2), time(4), "the store is rebuilt")
    assert window.is_open(datetime.fromisoformat("2026-11-23T08:30:00+05:30"))


@pytest.mark.parametrize(
    "said",
    [
        {"days": ["mon"], "from": "02:00", "until": "04:00"},
        {"days": ["mon"], "from": "02:00", "until": "04:00", "why": ""},
        {"days": ["monday"], "from": "02:00", "until": "04:00", "why": "x"},
        {"days": [], "from": "02:00", "until": "04:00", "why": "x"},
        {"days": ["mon"], "from": "02:00", "until": "02:00", "why": "x"},
        {"days": ["mon"], "from": "25:00", "until": "02:00", "why": "x"},
    ],
)
def test_a_window_that_means_nothing_is_refused(said: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        windows_of([said])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in a window that is open now, for half an hour more."""
    site, now = tmp_path / "site", clock()
    begin(site, lease=30)
    spell = "%H:%M:%S"
    starts, ends = (
        (now - timedelta(minutes=30)).strftime(spell),
        (now + timedelta(minutes=30)).strftime(spell),
    )
    with (site / "site.toml").open("a", encoding="utf-8") as file:
        file.write(
            f'\n[[maintenance.windows]]\ndays = {list(DAYS)}\nfrom = "{starts}"\nuntil = "{ends}"\nwhy = "a new disk"\n'
        )
    house = hands(site).wiring().open_house(site)
    yield house
    house.service.ledger.close()


def test_data_actions_wait_in_a_window_say_so_and_start_by_themselves(house: House, worker: Worker) -> None:
    site = house.folders.site
    (study,) = house.service.study_ids()
    reads, computes = (submitted(site, study, kind) for kind in ("table", "boom"))
    (waits,) = worker.run_until_idle()
    assert house.service.request(computes).stage is RequestStage.FAILED, "what reads no data goes on"
    assert [job.state for job in house.service.request(reads).jobs] == [JobState.ASKED, JobState.ASKED]
    assert (waits.request, waits.code) == (reads, "maintenance-window")
    assert "a new disk" in waits.sentence
    assert waits.fix.startswith("They start by themselves at ")
    step_clock(site, 3600)
    assert worker.run_until_idle() == ()
    assert house.service.request(reads).stage is RequestStage.CHECKED


def submitted(site: Path, study: str, kind: str) -> str:
    folder = write_study(site.parent / kind, kind, 1, 0)
    return str(tre_says(site, "--as", "ada", "job", "submit", str(folder), "--study", study)["request"])
