"""One study, from its spec to a released table, through real containers and real checks [P1] [P4] [P9] [P10] [P13]."""

import csv
import sqlite3
from pathlib import Path

import pytest

from tre.cli.exits import Exit

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TABLE = "output/tests_by_region.csv"
MARK = "[REDACTED]"


def test_a_study_walks_from_its_spec_to_a_released_table(checked) -> None:
    desk, request = checked
    raw = desk.tre("--as", "cleo", "review", "compare", request, TABLE)
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "sign-off", request)
    desk.work()
    assert desk.stage(request) == "released"
    released = desk.site / "releases" / request
    assert_only_safe_counts(released / TABLE, raw["raw"])
    assert desk.tre("release", "verify", str(released))["verified"] is True
    assert desk.tre("ledger", "verify")["verified"] is True


def assert_only_safe_counts(path: Path, raw: list[list[str]]) -> None:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    column = header.index("people")
    before = {tuple(row[:column]): int(row[column]) for row in raw[1:]}
    after = {tuple(row[:column]): row[column] for row in rows}
    assert any(0 < people <= 7 for people in before.values()), "the example must hold small numbers"
    assert after, "and large ones"
    assert set(after) <= set(before)
    for key, people in before.items():
        shown = after.get(key, MARK)
        assert shown == MARK or (people > 7 and int(shown) % 5 == 0)


def test_before_sign_off_an_author_sees_words_and_bands_and_no_value(checked) -> None:
    desk, request = checked
    seen = desk.tre("--as", "ada", "job", "show", request)
    assert {action["state"] for action in seen["actions"]} == {"succeeded"}
    assert seen["files"]
    for file in seen["files"]:
        assert set(file) == {"path", "verdict", "level", "policy", "findings"}
        for finding in file["findings"]:
            assert finding["cells"] in {"0", "1", "2 to 10", "11 to 100", "more than 100"}
            assert not {"people", "places"} & set(finding)


def test_before_sign_off_an_author_cannot_open_a_file(checked) -> None:
    desk, request = checked
    desk.tre("--as", "ada", "review", "open", request, TABLE, ends=Exit.REFUSED)
    assert "own-study" in desk.said


def test_a_maintainer_cannot_open_a_file(checked) -> None:
    desk, request = checked
    desk.tre("--as", "eve", "review", "open", request, TABLE, ends=Exit.REFUSED)
    assert "not-your-role" in desk.said


def test_a_checker_sees_cells_and_people_and_every_look_is_on_the_ledger(checked) -> None:
    desk, request = checked
    file = next(
        file for file in desk.tre("--as", "cleo", "review", "show", request)["files"] if file["path"] == TABLE
    )
    small = next(finding for finding in file["findings"] if finding["rule"] == "small_count")
    assert small["places"]
    assert all(people <= 7 for people in small["people"])
    desk.tre("--as", "cleo", "review", "open", request, TABLE)
    looks = [line for line in desk.tre("ledger", "log", request) if line["what"] == "request.viewed"]
    assert [look["who"] for look in looks] == ["cleo"]


def test_the_aggregate_is_proved_and_the_script_is_declared(checked) -> None:
    desk, request = checked
    levels = {
        file["path"]: file["level"] for file in desk.tre("--as", "cleo", "review", "show", request)["files"]
    }
    assert levels[TABLE] == "proved"
    assert levels["output/admissions_by_age_band.csv"] in {"declared", "recomputed"}


def test_votes_are_blind_until_both_are_in(checked) -> None:
    desk, request = checked
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all")
    assert desk.tre("--as", "dan", "review", "show", request)["votes"] == []
    assert [vote["checker"] for vote in desk.tre("--as", "cleo", "review", "show", request)["votes"]] == [
        "cleo"
    ]
    desk.tre("--as", "dan", "review", "vote", request, "--approve-all")
    assert [vote["checker"] for vote in desk.tre("--as", "dan", "review", "show", request)["votes"]] == [
        "cleo",
        "dan",
    ]


def test_one_checker_is_not_two(checked) -> None:
    desk, request = checked
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all")
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all", ends=Exit.REFUSED)
    assert "already-voted" in desk.said


def test_an_approval_suspended_after_the_votes_stops_the_release(checked) -> None:
    desk, request = checked
    study = desk.tre("--as", "gus", "job", "show", request)["study"]
    desk.tre("--as", "cleo", "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "sign-off", request)
    desk.tre("--as", "ben", "study", "suspend", study)
    assert [waiting["why"] for waiting in desk.work()] == ["not-approved"]
    assert not (desk.site / "releases").exists()
    desk.tre("--as", "ben", "study", "reinstate", study)
    desk.work()
    assert desk.stage(request) == "released"


def test_a_recall_leaves_a_tombstone_stops_the_study_and_keeps_the_evidence(checked) -> None:
    """[P15]"""
    desk, request = checked
    for checker in ("cleo", "dan"):
        desk.tre("--as", checker, "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "sign-off", request)
    desk.work()
    assert (desk.site / "releases" / request / TABLE).exists()
    told = desk.tre("--as", "fay", "release", "recall", request, "--note", "a name was seen")
    assert told["stage"] == "recalled"
    assert told["study_stage"] == "suspended"
    assert not (desk.site / "releases" / request / TABLE).exists()
    assert (desk.site / "releases" / request / "RECALLED.txt").exists()
    assert any((desk.site / "vault" / "released").rglob("*"))


def test_changes_can_be_asked_for_answered_and_checked_again(checked) -> None:
    desk, request = checked
    desk.tre("--as", "cleo", "review", "changes", request, ends=Exit.REFUSED)
    assert "note-needed" in desk.said
    desk.tre("--as", "cleo", "review", "changes", request, "--note", "Say what the second table is for.")
    script = "output/admissions_by_age_band.csv"
    desk.tre("--as", "ada", "job", "resubmit", request, "--withhold", script, "--note", "It is not needed.")
    desk.work()
    offered = desk.tre("--as", "cleo", "review", "show", request)["files"]
    assert [file["path"] for file in offered] == [TABLE]


def test_a_changed_disclosure_policy_means_new_checks_and_new_votes(checked) -> None:
    """[P10] [P13]"""
    desk, request = checked
    for checker in ("cleo", "dan"):
        desk.tre("--as", checker, "review", "vote", request, "--approve-all")
    desk.tre("--as", "dan", "review", "sign-off", request)
    rules = desk.site / "site.toml"
    rules.write_text(rules.read_text().replace('pack = "opensafely"', 'pack = "ons-10-5"'))
    assert desk.work() == []
    seen = desk.tre("--as", "cleo", "review", "show", request)
    assert (seen["stage"], seen["round"], seen["votes"]) == ("checked", 2, [])
    assert all(file["policy"].startswith("ons-10-5") for file in seen["files"])


def test_a_worker_does_not_start_on_a_ledger_that_was_changed(checked) -> None:
    """[P13]"""
    desk, _ = checked
    desk.tre("ledger", "checkpoint")
    with sqlite3.connect(desk.site / "ledger.db") as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("DELETE FROM events WHERE position = (SELECT max(position) FROM events)")
    desk.tre("worker", "run", "--until-idle", ends=Exit.RECORDS)
    assert "fix:" in desk.said


@pytest.mark.parametrize("person", ["ada", "eve", "ben", "fay"])
def test_findings_from_inside_are_for_independent_checkers_alone(checked, person: str) -> None:
    """[P1] [P16]"""
    desk, request = checked
    desk.tre("--as", person, "review", "show", request, ends=Exit.REFUSED)
    assert "not-yours-to-check" in desk.said
