"""The watch: what is due is done, whoever should know is told once, more people the longer it lasts, and all of them when it is over [P15]."""

import hashlib
import hmac
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.torture.stand import begin, hands, tre_says
from tests.web.test_notices import Post
from tre.cli.health import next_round
from tre.cli.session import Session
from tre.dispatch.schedule import Gate, Reason
from tre.health.alerts import GRAVE, to_tell
from tre.health.schedule import Schedule, Task, due, schedule_of
from tre.health.watch import Post as Watch
from tre.health.watch import round_of
from tre.main import Opening
from tre.records.daybook import Entry
from tre.records.errors import LedgerUnavailable
from tre.records.looks import LOOKED, RAN, State, board, state
from tre.records.site import load_site
from tre.service import By

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = b"only we two know"
HOUR = timedelta(hours=1)


# -- the schedule, whose time is a parameter ---------------------------------------------------------------------------


def looked(at: datetime, *ill: str, quick: bool = True, among: tuple[str, ...] = ("disk", "walls")) -> Entry:
    facts = {"healthy": not ill, "quick": quick, "looked": list(among), "ill": list(ill), "said": []}
    return Entry(1, LOOKED, at.isoformat(), "eve", facts)


def ran(at: datetime, *ill: str) -> Entry:
    facts = {"healthy": not ill, "looked": ["corridor"], "ill": list(ill), "said": []}
    return Entry(1, RAN, at.isoformat(), "eve", facts)


OPEN = Gate()
WINDOW = Gate(data=Reason("maintenance-window", "Data actions wait for a window: a new disk.", ""))
PAUSE = Gate(everything=Reason("paused", "A maintainer has paused this: a restart.", ""))


def test_everything_is_due_where_nobody_has_looked() -> None:
    assert due(Schedule(), [], NOON, OPEN).now == (Task.CHECK, Task.JOBS), (
        "who looks at all has looked at the rest"
    )


def test_each_is_due_when_its_time_has_passed_and_not_before() -> None:
    done = [looked(NOON, quick=False), ran(NOON)]
    assert due(Schedule(), done, NOON + timedelta(minutes=14), OPEN).now == ()
    assert due(Schedule(), done, NOON + timedelta(minutes=15), OPEN).now == (Task.DOCTOR,)
    assert due(Schedule(), [*done, looked(NOON + 6 * HOUR)], NOON + 6 * HOUR, OPEN).now == (Task.CHECK,)
    later = [*done, looked(NOON + 24 * HOUR, quick=False)]
    assert due(Schedule(), later, NOON + 24 * HOUR, OPEN).now == (Task.JOBS,)
    assert due(Schedule(), done, NOON + timedelta(minutes=1), OPEN).next_at == NOON + timedelta(minutes=15)


def test_jobs_wait_for_a_maintenance_window_and_are_done_when_it_is_over() -> None:
    in_window = due(Schedule(), [], NOON, WINDOW)
    assert in_window.now == (Task.CHECK,)
    assert in_window.waiting == {Task.JOBS: "Data actions wait for a window: a new disk."}
    paused = due(Schedule(), [], NOON, PAUSE)
    assert paused.now == (Task.DOCTOR,), "boxes stand still, and the house is looked at all the same"
    assert set(paused.waiting) == {Task.CHECK, Task.JOBS}
    assert Task.JOBS in due(Schedule(), [], NOON, OPEN).now


def test_a_clock_that_was_put_back_puts_nothing_off() -> None:
    ahead = [looked(NOON + 90 * HOUR, quick=False), ran(NOON + 90 * HOUR)]
    assert due(Schedule(), ahead, NOON, OPEN).now == (Task.CHECK, Task.JOBS)


def test_a_site_says_how_often_and_nothing_that_cannot_be() -> None:
    made = schedule_of({"doctor_minutes": 5, "check_hours": 1, "jobs_hours": 12, "escalate_hours": [1, 2]})
    assert (made.doctor, made.jobs, made.escalate) == (timedelta(minutes=5), 12 * HOUR, (HOUR, 2 * HOUR))
    for wrong in ({"doctor_minutes": 0}, {"often": 1}, {"jobs_hours": "x"}):
        with pytest.raises((ValueError, TypeError)):
            schedule_of(wrong)


# -- the word for everybody ----------------------------------------------------------------------------------------------


def test_the_public_word_is_healthy_degraded_or_paused() -> None:
    well, ill = [looked(NOON), ran(NOON)], [looked(NOON), ran(NOON, "opt-outs"), looked(NOON)]
    later = NOON + HOUR
    assert state(board(well), paused=False, now=later) is State.HEALTHY
    assert state(board(ill), paused=False, now=later) is State.DEGRADED, "a quick look makes no job well"
    assert state(board(well), paused=True, now=later) is State.PAUSED
    assert state(board([]), paused=False, now=later) is State.DEGRADED, "nobody has looked"
    assert state(board(well), paused=False, now=NOON + 49 * HOUR) is State.DEGRADED, (
        "nobody has looked for long"
    )


# -- who is told, when ----------------------------------------------------------------------------------------------------


def told_of(site: Path, *looks: Entry, now: datetime) -> dict[str, set[str]]:
    """Check -> who is told."""
    found = to_tell(board(looks), [], load_site(site).people, now=now, escalate=Schedule().escalate)
    return {each.check: set(each.people) for each in found}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("watch") / "site"
    begin(site)
    people = (site / "people.toml").read_text()
    for name in ("eve", "fay", "gus"):
        people = people.replace(f"[{name}]", f'[{name}]\nemail = "{name}@example.org"')
    (site / "people.toml").write_text(people)
    return site


@pytest.fixture
def site(begun: Path, tmp_path: Path) -> Path:
    return shutil.copytree(begun, tmp_path / "site", symlinks=True)


def test_an_illness_climbs_the_longer_it_lasts(begun: Path) -> None:
    ill = looked(NOON, "disk")
    assert told_of(begun, ill, now=NOON) == {"disk": {"eve"}}
    assert told_of(begun, ill, now=NOON + 4 * HOUR) == {"disk": {"eve", "fay"}}
    assert told_of(begun, ill, now=NOON + 24 * HOUR) == {"disk": {"eve", "fay", "gus"}}
    again = (ill, looked(NOON + HOUR, "disk"))
    assert told_of(begun, *again, now=NOON + 5 * HOUR) == {"disk": {"eve", "fay"}}, "it is ill since noon"


@pytest.mark.parametrize("check", sorted(GRAVE))
def test_what_may_have_harmed_somebody_is_told_to_all_who_watch_at_once(begun: Path, check: str) -> None:
    ill = looked(NOON, check, among=(check,))
    assert told_of(begun, ill, now=NOON) == {check: {"eve", "fay", "gus"}}


Go = Callable[..., Any]


@pytest.fixture
def go(site: Path, post: Post) -> Go:
    """One round of the watch, some time after noon, with what the checks then say; tasks are played, letters are real."""
    with (site / "site.toml").open("a") as file:
        file.write(
            f'\n[notices]\npages = "https://tre.example"\nhook = "http://127.0.0.1:{post.hook_port}/hook"\n'
            f'mail = {{ host = "127.0.0.1", port = {post.mail_port}, sender = "tre@example.org", start_tls = false }}\n'
        )
    (site / "keys" / "notices.key").write_bytes(SECRET)
    opening = Opening(site, hands(site))
    real: Watch = opening.post()

    def look(*ill: str) -> Callable[[By], dict[str, Any]]:
        def noted(by: By) -> dict[str, Any]:
            facts = {**looked(by.now, *ill).facts, "said": [f"{each}: 31 London 7" for each in ill]}
            real.daybook.note(LOOKED, actor=by.person.id, at=by.now, facts=facts)
            return {}

        return noted

    def at(hours: float, *ill: str, jobs: Callable[[By], Any] = lambda _: None) -> Any:
        doing = {Task.DOCTOR: look(*ill), Task.CHECK: look(*ill), Task.JOBS: jobs}
        watch = Watch(real.schedule, doing, real.gate, real.daybook, real.outbox, real.people, real.send)
        by = By(load_site(site).person("eve"), NOON + timedelta(hours=hours))
        return round_of(watch, by)

    at.outbox = real.outbox  # type: ignore[attr-defined]
    return at


def subjects(post: Post) -> list[tuple[str, str]]:
    return [(to, str(message_from_bytes(content)["Subject"]).replace("\n", "")) for to, content in post.mails]


def test_an_illness_is_told_once_and_its_end_to_whoever_was_told(go: Go, post: Post) -> None:
    assert go(0, "disk").told == ("disk",)
    assert subjects(post) == [("eve@example.org", "tre: Health checks. Ill: disk.")]
    assert go(1, "disk").told == ()
    assert len(post.mails) == 1, "the same illness is told once"
    assert go(5, "disk").told == ("disk",)
    assert {to for to, _ in subjects(post)[1:]} == {"eve@example.org", "fay@example.org"}
    assert all("Still ill: disk." in subject for _, subject in subjects(post)[1:])
    assert go(6).told == ("disk",)
    assert sorted(subjects(post)[3:]) == [
        ("eve@example.org", "tre: Health checks. Well again: disk."),
        ("fay@example.org", "tre: Health checks. Well again: disk."),
    ]
    assert go(7).told == ()
    assert go(8, "disk").told == ("disk",), "a new illness is another"


def test_an_alert_holds_names_of_checks_and_nothing_that_they_saw(go: Go, post: Post) -> None:
    go(0, "walls")
    everything = b"".join([*(content for _, content in post.mails), *(body for _, body in post.calls)])
    assert b"walls" in everything
    assert b"London" not in everything
    assert b"https://tre.example/health" in everything
    assert {to for to, _ in post.mails} == {f"{name}@example.org" for name in ("eve", "fay", "gus")}


def test_the_hook_is_told_too_and_each_call_is_signed(go: Go, post: Post) -> None:
    go(0, "disk")
    ((signature, body),) = post.calls
    assert signature == "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()


def test_an_alert_that_does_not_leave_is_tried_again_and_is_a_finding_itself(go: Go, post: Post) -> None:
    post.mail_answers = b"550 no"
    go(0, "disk")
    for minutes in (2, 5, 10):
        go(minutes / 60, "disk")
    since = NOON.isoformat()
    assert go.outbox.stuck(since) == 1  # type: ignore[attr-defined]
    assert post.mails == []
    post.mail_answers = b"250 taken"
    go(2, "disk")
    assert subjects(post) == [("eve@example.org", "tre: Health checks. Ill: disk.")], "nothing is lost"
    assert go.outbox.stuck(since) == 0  # type: ignore[attr-defined]


def test_jobs_that_cannot_be_run_are_an_illness_and_the_watch_goes_on(go: Go) -> None:
    def away(_: By) -> None:
        raise ConnectionError

    assert go(0, jobs=away).ill == ("corridor",)
    assert go(25, jobs=lambda _: None).ran == ("check", "jobs")


# -- by command -----------------------------------------------------------------------------------------------------------


def test_one_round_by_command_ends_with_a_number_for_a_timer(site: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 10") as ended:
        tre_says(site, "--as", "eve", "health", "watch", "--once")
    assert '"state": "degraded"' in str(ended.value)
    told = tre_says(site, "health")
    ill = {check["check"]: check["said"] for check in told["checks"] if not check["healthy"]}
    assert "need an approval" in ill["corridor"]
    assert ill["messages"].startswith("no maintainer and no Caldicott Guardian")


def test_a_database_that_is_away_ends_no_watch(site: Path) -> None:
    s = Session(hands(site).wiring(), site=site, person="eve", as_json=True)

    def away(_: By) -> Any:
        raise LedgerUnavailable("ledger-away", "The database does not answer.", fix="Start it.")

    s.__dict__["house"] = replace(s.house, watch=away)
    assert next_round(s) is None
    del s.__dict__["house"]
    assert next_round(s) is not None


def test_only_a_maintainer_stands_watch(site: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        tre_says(site, "--as", "ada", "health", "watch", "--once")
