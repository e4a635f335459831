"""`tre --server`: the same words, asked of a server; what it says is what the site here would say."""

import json

import pytest

from tests.browser.conftest import DEMO, served
from tests.web.conftest import Desk
from tests.web.review_world import ROUNDED, offered
from tre.cli.app import run_command_line
from tre.cli.exits import Exit
from tre.cli.remote import Server, call_of
from tre.custody.errors import Refusal
from tre.main import Hands, create_site
from tre.records.accounts import Token
from tre.records.accounts.passwords import digest_of
from tre.web.doors import Settings


@pytest.fixture
def ask(tmp_path, capsys, monkeypatch):
    """Runs one command against a served site; its answer, and insists on how it ends."""
    create_site(tmp_path / "site")
    (tmp_path / "site" / "people.toml").write_bytes((DEMO / "people.toml").read_bytes())
    for town in served(tmp_path / "site"):
        now = int(town.now().timestamp())
        for person in ("ada", "ben", "cleo", "dan"):
            made = Token(f"token-{person}", person, "test", ("read", "write", "judge"), now, now + 600, 0)
            town.opening.common(Settings()).accounts.add_token(digest_of(f"tre_{person}"), made)

        def run(person: str, *words: str, ends: Exit = Exit.OK, town=town):
            wiring = Hands().wiring()
            monkeypatch.setenv("TRE_TOKEN", f"tre_{person}")
            ended = run_command_line(wiring, ["--json", *words, "--server", town.address])
            said = capsys.readouterr()
            assert Exit(ended) is ends, said
            return json.loads(said.out) if said.out.strip() else said.err

        run.desk = Desk(tmp_path / "site")
        yield run


def test_a_study_is_applied_for_and_returned_by_a_server(ask) -> None:
    study = ask("ada", "study", "apply", str(DEMO / "application.toml"))
    assert study["stage"] == "applied"
    assert ask("ada", "study", "show", study["study"])["title"].startswith("Positive")
    assert ask("ben", "study", "return", study["study"], "--note", "Shorter.")["stage"] == "returned"
    assert ask("ada", "study", "list")["total"] == 1
    assert ask("ada", "register")["total"] == 0


def test_a_refusal_of_the_server_is_told_in_its_words(ask) -> None:
    study = ask("ada", "study", "apply", str(DEMO / "application.toml"))
    said = ask("ada", "study", "reject", study["study"], ends=Exit.REFUSED)
    assert "not-your-role" in said
    assert "not-by-server" in ask("ada", "ledger", "verify", ends=Exit.REFUSED)
    assert "not-your-role" in ask("ben", "review", "list", ends=Exit.REFUSED)
    assert "not-there" in ask("ada", "study", "show", "../me", ends=Exit.REFUSED)


@pytest.mark.parametrize("address", ["http://tre.example", "ftp://127.0.0.1", "tre.example", ""])
def test_a_token_is_shown_to_no_server_that_is_not_safe(address: str) -> None:
    with pytest.raises(Refusal, match="server-not-safe"):
        Server(address, "tre_x")


def test_a_folder_goes_as_a_zip(tmp_path) -> None:
    (tmp_path / "project.yaml").write_text("version: '5.0'\n", encoding="utf-8")
    call = call_of(["job", "submit", str(tmp_path), "--study", "study-1", "--backend=emis"])
    assert call.path == "/jobs"
    assert call.body is not None
    assert (call.body["study"], call.body["backend"]) == ("study-1", "emis")


def test_two_checkers_review_and_sign_off_by_a_server(ask) -> None:
    job = offered(ask.desk, {"output/one.csv": ROUNDED, "output/two.csv": ROUNDED.replace(b"120", b"125")})
    assert ask("cleo", "review", "list")["total"] == 1
    opened = ask("cleo", "review", "open", job, "output/one.csv", "--offered")
    assert opened["rows"][0] == ["North East", "120"]
    assert ask("cleo", "review", "vote", job, "--approve-all")["stage"] == "voted"
    ask("dan", "review", "vote", job, "--changes", "output/two.csv", "--note", "Why?", ends=Exit.REFUSED)
    voted = ask(
        "dan", "review", "vote", job, "--approve-all", "--changes", "output/two.csv", "--note", "Why?"
    )
    assert (voted["stage"], voted["enough"]) == ("reviewed", ["output/one.csv"])
    assert ask("dan", "review", "changes", job, "--note", "Say why.")["stage"] == "returned"
    answered = ask("ada", "job", "resubmit", job, "--withhold", "output/two.csv", "--note", "Left out.")
    assert answered["stage"] == "landed"
    looks = [
        each.actor
        for each in ask.desk.common.service.ledger.case_events(job)
        if each.event.kind == "request.viewed"
    ]
    assert looks == ["cleo"]


def test_a_member_remarks_on_a_file_by_a_server(ask) -> None:
    job = offered(ask.desk, {"output/one.csv": ROUNDED})
    assert ask("ada", "review", "remark", job, "output/one.csv", "--note", "Adults.")["stage"] == "checked"
    said = ask.desk.common.service.request(job).remarks
    assert [(each.person, each.remark.path) for each in said] == [("ada", "output/one.csv")]
    ask("ben", "review", "remark", job, "output/one.csv", "--note", "Mine too.", ends=Exit.REFUSED)


def test_a_member_leaves_a_file_out_by_a_server(ask, tmp_path) -> None:
    job = offered(ask.desk, {"output/one.csv": ROUNDED, "output/two.csv": ROUNDED})
    context = tmp_path / "context.json"
    context.write_text('{"population": "Adults."}', encoding="utf-8")
    said = ("job", "describe", job, "output/two.csv", "--context", str(context))
    assert ask("ada", *said, "--leave-out")["left_out"] == ["output/two.csv"]
    assert ask("ada", *said)["left_out"] == ["output/two.csv"]
    assert ask("ada", *said, "--offer")["left_out"] == []


def test_a_breach_is_reported_by_a_server(ask) -> None:
    offered(ask.desk, {"output/one.csv": ROUNDED})
    assert ask("ben", "incident", "report", "study-1", "--why", "A name in it.")["stopped"]
    assert ask.desk.common.service.study("study-1").stage.value == "suspended"
