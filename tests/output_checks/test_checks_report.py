"""Reports, packs and the command line: the same judgement for machines and for people, without a value in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from output_checks.__main__ import EXIT, main
from output_checks.check import check
from output_checks.model import (
    CellRef,
    Confidence,
    Evidence,
    Finding,
    Offered,
    Remedy,
    Report,
    Severity,
    Sides,
    Table,
    Verdict,
)
from output_checks.policy import PolicyError, load_policy, pack_names, sources
from output_checks.reports.page import fragment
from output_checks.reports.record import record
from output_checks.reports.sarif import sarif
from output_checks.reports.schema import schema
from output_checks.reports.words import in_words

COUNTS = {"statistic": "frequencies", "of": "cohort", "by": ["diag"], "columns": {"n": "count"}}
SMALL = b"diag,n\nsecret label,3\nother,20\nmore,55\n"


@pytest.fixture
def report() -> Report:
    return check(Offered("t.csv", SMALL, COUNTS), load_policy())


def test_a_report_survives_being_written_down(report: Report) -> None:
    again = Report.from_json(report.to_json(), twin=report.twin)
    assert again == report
    assert again.digest == report.digest
    assert Report.from_json(report.to_json()).twin_digest == report.twin_digest


def test_a_report_does_not_take_another_files_twin(report: Report) -> None:
    with pytest.raises(ValueError):
        Report.from_json(report.to_json(), twin=b"sex,n\n")


def test_a_report_holds_no_value_and_no_label(report: Report) -> None:
    assert "secret" not in report.to_json(inside=True)
    for written in (in_words, fragment, lambda each: sarif([each])):
        assert "secret" not in written(report)


def test_a_page_shows_each_finding_and_runs_nothing() -> None:
    report = check(Offered("<script>.csv", SMALL, COUNTS), load_policy())
    page = fragment(report)
    assert "<script" not in page
    assert all(each.check in page for each in report.findings)
    assert "rows 2" in page, "the first row below the header is the second line of the file"


def test_code_scanning_is_told_the_rule_the_weight_and_the_line(report: Report) -> None:
    (run,) = json.loads(sarif([report]))["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    assert len(run["results"]) == len(report.findings)
    small = next(result for result in run["results"] if result["ruleId"] == "small_count")
    assert small["level"] == "error"
    assert small["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


def test_the_schema_is_that_of_reports(report: Report) -> None:
    said = json.loads(schema())
    written = json.loads(report.to_json())
    assert set(said["required"]) <= set(written) <= set(said["properties"])
    finding = said["properties"]["findings"]["items"]
    inside = json.loads(report.to_json(inside=True))
    assert all(
        set(finding["required"]) <= set(each) <= set(finding["properties"]) for each in inside["findings"]
    )
    assert written["verdict"] in said["properties"]["verdict"]["enum"]


def test_a_record_names_every_criterion_with_its_source_and_every_file_by_digest(report: Report) -> None:
    """SATRE 3.3.09."""
    policy = load_policy()
    kept = json.loads(record([report], policy, sources()))
    assert kept["policy"]["digest"] == report.policy_digest
    assert kept["policy"]["criteria"]["small_max"] == {"value": 7, "source": sources()["small_max"]}
    assert kept["files"][0]["released_form"] == report.twin_digest
    with pytest.raises(ValueError):
        record([report], policy.tightened(small_max=9), sources())


def test_how_sure_we_are_is_said_of_every_cell(report: Report) -> None:
    assert report.level is Confidence.DECLARED
    assert report.level_of(CellRef(0, "n")) is Confidence.DECLARED
    proved = Evidence((3, 20, 55), Confidence.PROVED, {"diag": "dimension", "n": "count_people"})
    sure = check(Offered("t.csv", SMALL, COUNTS, proved), load_policy())
    assert (sure.level, sure.level_of(CellRef(0, "n"))) == (Confidence.PROVED, Confidence.PROVED)
    part = Evidence((3, 20, 55), Confidence.RECOMPUTED, values={"n": (3.0, None, 55.0)})
    mixed = check(Offered("t.csv", SMALL, COUNTS, part), load_policy())
    assert mixed.levels["n"] == (Confidence.RECOMPUTED, Confidence.DECLARED, Confidence.RECOMPUTED)
    assert mixed.level is Confidence.DECLARED, "no surer of the file than of the least sure of its numbers"
    assert Report.from_json(mixed.to_json()).levels == mixed.levels


def test_the_same_file_gets_the_same_report(report: Report) -> None:
    assert check(Offered("t.csv", SMALL, COUNTS), load_policy()).to_json() == report.to_json()


def test_a_report_names_the_numbers_it_was_judged_by(report: Report) -> None:
    stricter = load_policy().tightened(small_max=9)
    assert report.policy == "opensafely 2026.1"
    assert check(Offered("t.csv", SMALL, COUNTS), stricter).policy_digest != report.policy_digest


def test_hidden_cells_are_listed_once_in_the_order_of_the_file(report: Report) -> None:
    assert report.hidden == (CellRef(0, "n"),)


@pytest.mark.parametrize("pack", pack_names())
def test_every_number_of_every_pack_has_a_source(pack: str) -> None:
    assert load_policy(pack=pack).label.startswith(pack)
    assert all(len(source) > 10 for source in sources(pack=pack).values())


@pytest.mark.parametrize(
    ("pack", "shown"),
    [
        ("opensafely", {0: 0, 8: 10, 12: 10, 13: 15}),
        ("nhs-hes", {0: 0, 8: 10, 12: 10, 13: 15}),
        ("sdap-10", {0: 0, 10: 10, 13: 13}),
        ("ons-10-5", {0: 0, 10: 10, 13: 15}),
        ("midpoint-6", {0: 0, 1: 3, 6: 3, 7: 9, 12: 9, 13: 15}),
        ("uk-llc", {10: 10, 13: 13}),
    ],
)
def test_packs_round_as_their_sources_say(pack: str, shown: dict[int, int]) -> None:
    policy = load_policy(pack=pack)
    assert {count: policy.rounded(count) for count in shown} == shown


def test_packs_draw_the_line_where_their_sources_draw_it() -> None:
    lines = {pack: max(n for n in range(30) if load_policy(pack=pack).is_small(n)) for pack in pack_names()}
    assert lines == {
        "opensafely": 7,
        "nhs-hes": 7,
        "sdap-10": 9,
        "ons-10-5": 9,
        "midpoint-6": 6,
        "controlled-5": 7,
        "uk-llc": 9,
    }
    assert [pack for pack in pack_names() if load_policy(pack=pack).is_small(0)] == ["uk-llc"]


@pytest.mark.parametrize(
    "wish", [{"small_max": 9}, {"figures": 2}, {"full_cell": "suppress"}, {"rounding_base": 10}]
)
def test_a_study_may_be_stricter(wish: dict[str, object]) -> None:
    assert load_policy().tightened(**wish).digest != load_policy().digest


@pytest.mark.parametrize(
    "wish",
    [
        {"small_max": 5},
        {"figures": 9},
        {"full_cell": "note"},
        {"rounding_base": 1},
        {"mark": "x"},
        {"interval": "exact"},
        {"zero_is_small": False, "small_max": 1},
        {"max_rows": 10**6},
    ],
)
def test_a_study_may_not_be_looser(wish: dict[str, object]) -> None:
    with pytest.raises(PolicyError):
        load_policy().tightened(**wish)


def test_a_number_without_a_source_is_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('version="1"\ndefault="a"\n[base]\nsmall_max = { value = 1 }\n[packs.a]\n')
    with pytest.raises(PolicyError):
        load_policy(path)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Table(("a", "a"), ()),
        lambda: Table(("a",), (("1", "2"),)),
        lambda: Table((), ()),
        lambda: CellRef(-1, "a"),
        lambda: Evidence((1,), Confidence.DECLARED),
        lambda: Evidence((-1,), Confidence.PROVED),
        lambda: Evidence((9,), Confidence.PROVED, values={"n": (1.0, 2.0)}),
        lambda: Evidence((9,), Confidence.PROVED, rows=(9, 9)),
        lambda: Evidence((9,), Confidence.PROVED, withheld=frozenset({1})),
        lambda: Sides(3, -1, 3),
        lambda: Offered("", b""),
        lambda: Finding("x", Severity.NOTE, Confidence.OPAQUE, "f", "", "fix", "P1"),
        lambda: Finding("x", Severity.SUPPRESS, Confidence.OPAQUE, "f", "m", "fix", "P1", remedy=Remedy.HIDE),
        lambda: Report("f", "d", "p", "d", Confidence.OPAQUE, Verdict.REFUSED, (), b"twin"),
    ],
)
def test_nothing_is_born_half_made(make: object) -> None:
    with pytest.raises(ValueError):
        make()  # type: ignore[operator]


def test_the_command_line_says_the_verdict_in_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(SMALL)
    (tmp_path / "d.json").write_text(json.dumps(COUNTS))
    command = [
        sys.executable,
        "-m",
        "output_checks",
        "check",
        str(tmp_path / "t.csv"),
        "--declare",
        str(tmp_path / "d.json"),
    ]
    ran = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert ran.returncode == EXIT[Verdict.SUPPRESSED]
    assert json.loads(ran.stdout)["verdict"] == "suppressed"


def test_the_command_line_writes_the_twin_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_bytes(b"n\n20\n")
    (tmp_path / "d.json").write_text(json.dumps(COUNTS | {"by": []}))
    asked = [
        "check",
        str(tmp_path / "t.csv"),
        "--declare",
        str(tmp_path / "d.json"),
        "--twin",
        str(tmp_path / "out.csv"),
    ]
    assert main(asked) == EXIT[Verdict.CLEAN]
    assert (tmp_path / "out.csv").read_bytes() == b"n\n20\n"
    assert "clean" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "absent.csv")]) == 2
