"""A suspected breach in one command, by anybody; and a drill that goes the whole way on canaries and stops nothing [P15]."""

import shutil
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.torture.stand import begin, hands, review, tre_says, write_study
from tests.web.test_notices import Post
from tre.custody.frozen import is_frozen, why_frozen
from tre.custody.requests import RequestStage
from tre.custody.studies import ApplicationStage
from tre.dispatch.push import Push
from tre.records import incidents as records_of_incidents
from tre.records.backup import verify_backup
from tre.records.incidents import evidence, freezes
from tre.records.outbox import Outbox
from tre.service import Service
from tre.worker import incidents
from tre.worker.drill import MARK


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    site = tmp_path_factory.mktemp("incident") / "site"
    study = begin(site)
    people = (site / "people.toml").read_text()
    for name in ("eve", "gus", "ben"):
        people = people.replace(f"[{name}]", f'[{name}]\nemail = "{name}@example.org"')
    (site / "people.toml").write_text(people)
    made = write_study(site.parent / "study", "table", 1, 0)
    request = tre_says(site, "--as", "ada", "job", "submit", str(made), "--study", study)["request"]
    tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    review(house)
    house.service.ledger.close()
    tre_says(site, "worker", "run", "--until-idle")
    return site, str(request)


@pytest.fixture
def site(released: tuple[Path, str], tmp_path: Path, post: Post) -> Path:
    """The released site, with a mail server that takes letters."""
    site = shutil.copytree(released[0], tmp_path / "site", symlinks=True)
    with (site / "site.toml").open("a") as file:
        mail = f'{{ host = "127.0.0.1", port = {post.mail_port}, sender = "tre@example.org", start_tls = false }}'
        file.write(f"\n[notices]\nmail = {mail}\n")
    return site


def letters(post: Post) -> list[tuple[str, str]]:
    return [(to, str(message_from_bytes(content)["Subject"]).replace("\n", "")) for to, content in post.mails]


def test_one_command_recalls_suspends_tells_and_freezes(
    site: Path, released: tuple[Path, str], post: Post
) -> None:
    request = released[1]
    told = tre_says(site, "--as", "ada", "incident", "report", request, "--why", "a name in a table")
    tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    case = house.service.request(request)
    assert case.stage is RequestStage.RECALLED
    assert house.service.study_of(case).stage is ApplicationStage.SUSPENDED
    assert told["told"] == ["gus"], "the people of the demonstration have one watcher"
    assert ("gus@example.org", "tre: A suspected breach was reported: the evidence is frozen.") in letters(
        post
    )
    assert (site / "releases" / request / "RECALLED.txt").exists()
    assert not (site / "releases" / request / "output" / "table.csv").exists()
    frozen = Path(told["evidence"])
    assert told["undone"] == []
    assert verify_backup(frozen, house.seals.trusted).position == house.service.ledger.head().position
    assert any((frozen / "vault").rglob(case.offered[0].digest)), "the recalled bytes are kept as evidence"
    assert house.daybook.last("incident") is not None
    house.service.ledger.close()


def test_a_second_report_is_taken_as_well_although_all_is_stopped_already(
    site: Path, released: tuple[Path, str]
) -> None:
    first = tre_says(site, "--as", "ada", "incident", "report", released[1], "--why", "a name")
    again = tre_says(site, "--as", "cleo", "incident", "report", first["study"], "--why", "another name")
    assert again["incident"] != first["incident"]
    assert (again["study_is"], again["undone"]) == ("suspended", [])
    assert len(tre_says(site, "incident", "list")) == 2


def test_a_full_disk_keeps_nobody_from_reporting(
    site: Path, released: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(incidents, "back_up", full)
    told = tre_says(site, "--as", "ada", "incident", "report", released[1], "--why", "a name")
    assert (told["request_is"], told["study_is"], told["told"]) == ("recalled", "suspended", ["gus"])
    assert told["undone"] == ["The evidence is frozen where it lies, and was not copied: OSError"]
    house = hands(site).wiring().open_house(site)
    assert is_frozen(freezes(house.daybook), told["study"])
    house.service.ledger.close()


class Ended(BaseException):
    """The process that reports is ended, at a moment of the test's choosing."""


@pytest.mark.parametrize("at", ["_write", "_stop", "_send", "_copy"])
def test_a_report_that_is_cut_short_freezes_all_the_same_and_the_next_worker_does_the_rest(
    site: Path, released: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def cut_short(*_: object, **__: object) -> None:
        raise Ended

    with monkeypatch.context() as patched:
        patched.setattr(incidents, at, cut_short)
        with pytest.raises(Ended):
            tre_says(site, "--as", "ada", "incident", "report", released[1], "--why", "a name")
    house = hands(site).wiring().open_house(site)
    study = house.service.request(released[1]).submission.application
    assert is_frozen(freezes(house.daybook), study), "nothing is deleted from the first moment on"
    house.service.ledger.close()
    for _ in range(2):
        tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    assert house.service.request(released[1]).stage is RequestStage.RECALLED
    assert house.service.study(study).stage is ApplicationStage.SUSPENDED
    assert len(house.daybook.entries("incident-stopped")) == 1, "once done, it is not done again"
    assert sum(Outbox(house.service.ledger).counts().values()) >= 1, "who watches is told, or will be"
    house.service.ledger.close()


def test_of_a_report_that_somebody_who_has_gone_left_cut_short_those_who_watch_are_told(
    site: Path, released: tuple[Path, str]
) -> None:
    house = hands(site).wiring().open_house(site)
    study = house.service.request(released[1]).submission.application
    facts = {"incident": "incident-1", "request": released[1], "study": study, "note": "", "told": ["gus"]}
    house.daybook.note("incident", actor="nobody-here-now", at=datetime.now(UTC), facts=facts)
    house.service.ledger.close()
    for _ in range(2):
        tre_says(site, "worker", "run", "--until-idle")
    house = hands(site).wiring().open_house(site)
    assert sum(Outbox(house.service.ledger).counts().values()) >= 1
    assert house.service.study(study).stage is ApplicationStage.APPROVED, "nobody acts in their name"
    assert is_frozen(freezes(house.daybook), study)
    house.service.ledger.close()


def test_a_mail_server_that_is_wrongly_named_keeps_nobody_from_reporting(
    site: Path, released: tuple[Path, str]
) -> None:
    rules = site / "site.toml"
    rules.write_text(rules.read_text().replace("start_tls = false", "starttls = false"))
    told = tre_says(site, "--as", "ada", "incident", "report", released[1], "--why", "a name")
    assert (told["request_is"], told["study_is"], told["told"]) == ("recalled", "suspended", ["gus"])
    assert told["undone"] == ["The messages wait, and could not be sent now: SiteError"]
    assert told["files"] > 0


def test_what_is_not_there_is_said_to_be_and_nothing_is_noted(site: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        tre_says(site, "--as", "ada", "incident", "report", "job-nowhere", "--why", "x")
    assert tre_says(site, "incident", "list") == []


def test_only_those_who_watch_close_an_incident(site: Path, released: tuple[Path, str]) -> None:
    incident = tre_says(site, "--as", "ada", "incident", "report", released[1], "--why", "a name")["incident"]
    for person in ("ada", "eve", "ben"):
        with pytest.raises(RuntimeError, match="ended with 3"):
            tre_says(site, "--as", person, "incident", "close", incident, "--why", "looked into")
    assert tre_says(site, "--as", "gus", "incident", "close", incident, "--why", "nobody in it")["closed"]
    assert tre_says(site, "incident", "list") == []
    with pytest.raises(RuntimeError, match="ended with 3"):
        tre_says(site, "--as", "gus", "incident", "close", incident, "--why", "again")


# -- the drill -----------------------------------------------------------------------------------------------------------


def test_a_drill_goes_the_whole_way_on_canaries_and_stops_nothing(
    site: Path, released: tuple[Path, str], post: Post
) -> None:
    before = tre_says(site, "ledger", "verify")
    told = tre_says(site, "--as", "eve", "incident", "drill")
    assert told["held"], told
    assert [step["step"] for step in told["steps"] if not step["held"]] == []
    assert {to for to, _ in letters(post)} >= {"gus@example.org"}
    assert all(subject.startswith(MARK) for _, subject in letters(post)), letters(post)
    assert all(MARK.encode() in content.partition(b"\r\n\r\n")[2] for _, content in post.mails)
    assert tre_says(site, "ledger", "verify") == before, "the site's own history knows nothing of it"
    house = hands(site).wiring().open_house(site)
    assert house.service.request(released[1]).stage is RequestStage.RELEASED
    assert verify_backup(Path(told["evidence"]), house.seals.trusted).files > 0
    assert freezes(house.daybook) == ()
    entry = house.daybook.last("incident-drill")
    assert entry is not None
    assert entry.facts["held"] is True
    house.service.ledger.close()


def test_a_drill_says_that_nobody_who_watches_can_be_reached(site: Path) -> None:
    people = site / "people.toml"
    people.write_text(people.read_text().replace('email = "gus@example.org"', ""))
    with pytest.raises(RuntimeError, match="ended with 10") as ended:
        tre_says(site, "--as", "eve", "incident", "drill")
    assert "0 of 1 can be reached" in str(ended.value)


def test_a_drill_says_that_letters_do_not_leave(site: Path, post: Post) -> None:
    post.mail_answers = b"550 no"
    with pytest.raises(RuntimeError, match="ended with 10") as ended:
        tre_says(site, "--as", "eve", "incident", "drill")
    assert "messages left" in str(ended.value)


BROKEN = {
    "the release is recalled": (Service, "recall", lambda *_: None),
    "the study is suspended": (Service, "suspend", lambda *_: None),
    "a tombstone stands in its place": (Push, "entomb", lambda *_: None),
    "the recalled bytes may not be deleted": (records_of_incidents, "frozen_digests", lambda *_: frozenset()),
    "the evidence was copied, and proves whole": (incidents, "_wanted", lambda _: lambda _path: False),
}


@pytest.mark.parametrize("step", BROKEN)
def test_a_drill_finds_the_step_that_no_longer_works(
    site: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, broken = BROKEN[step]
    if step == "the study is suspended":
        monkeypatch.setattr(Service, "_suspended", lambda _self, _tx, case, _reason, _by: case)
    monkeypatch.setattr(place, name, broken)
    with pytest.raises(RuntimeError, match="ended with 10") as ended:
        tre_says(site, "--as", "eve", "incident", "drill")
    failed = str(ended.value).partition(step)[2].partition("}")[0]
    assert '"held": false' in failed


def test_what_is_frozen_stays_frozen_until_the_incident_is_closed(
    site: Path, released: tuple[Path, str]
) -> None:
    request = released[1]
    told = tre_says(site, "--as", "ada", "incident", "report", request, "--why", "a name in a table")
    house = hands(site).wiring().open_house(site)
    open_now = freezes(house.daybook)
    frozen = why_frozen(open_now, told["study"])
    assert frozen is not None
    assert frozen.incident == told["incident"]
    assert not is_frozen(open_now, "study-of-somebody-else")
    case = house.service.request(request)
    kept = evidence(house.seals.ledger, house.daybook)
    assert {output.digest for output in case.outputs} | {job.log for job in case.jobs} <= kept
    assert {file.digest for statement in case.statements for file in statement.files} <= kept
    assert {digest for each in case.offered for digest in (each.raw, each.digest, each.report)} <= kept
    tre_says(site, "--as", "gus", "incident", "close", told["incident"], "--why", "nobody was in it")
    assert evidence(house.seals.ledger, house.daybook) == frozenset()
    house.service.ledger.close()
