"""An ACRO session is read as declarations and judged by us; what we write, ACRO's own viewer opens."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from output_checks.__main__ import EXIT, main
from output_checks.check import check
from output_checks.model import Offered, Verdict, sha256
from output_checks.policy import load_policy
from output_checks.reports import acro
from scripts.set_up_acro import BUILD

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
WIDE = b"region,a,b,c\nN,139,97,3\nS,166,90,41\n"


def result(name: str, **more: Any) -> dict[str, Any]:
    """One result as ACRO 1.0.2 writes it; `status` is ACRO's own judgement."""
    return {
        "uid": name, "status": "pass", "type": "table", "properties": {"method": "crosstab"},
        "files": [{"name": name, "sdc": {"summary": {}, "cells": {}}}], "outcome": {}, "command": "crosstab()",
        "summary": "pass", "timestamp": "2026-01-02T03:04:05", "comments": [], "exception": "",
        "fair": {"statbarn": "Frequencies", "independent": ["region", "diag"]},
    } | more  # fmt: skip


def session(*results: dict[str, Any]) -> bytes:
    return json.dumps({"version": "1.0.2", "results": {each["uid"]: each for each in results}}).encode()


def test_a_crosstab_is_a_table_of_counts_whatever_acro_says_of_it() -> None:
    declared = acro.declarations(session(result("t.csv")), {"t.csv": WIDE})["t.csv"]
    assert declared == {
        "statistic": "frequencies",
        "of": "acro",
        "by": ["region"],
        "columns": {"a": "count", "b": "count", "c": "count"},
    }
    report = check(Offered("t.csv", WIDE, declared), load_policy())
    assert report.verdict is Verdict.SUPPRESSED, "ACRO's status was `pass`"
    assert b",3\n" not in (report.twin or b"")


def test_a_regression_brings_its_people_and_its_freedom() -> None:
    model = result(
        "m.csv", type="regression", properties={"method": "ols", "nobs": 2000, "dof": 1998.0},
        command="acro.olsr('v ~ I(pid == 7)', df)", fair={"independent": ["I(pid == 7)"]},
    )  # fmt: skip
    content = b"term,coef\nIntercept,5\nx,3\n"
    declared = acro.declarations(session(model), {"m.csv": content})["m.csv"]
    assert check(Offered("m.csv", content, declared), load_policy()).verdict is Verdict.REFUSED


def test_what_acro_has_no_word_for_is_undeclared() -> None:
    custom = result("x.csv", type="custom", fair={}, properties={})
    assert acro.declarations(session(custom), {"x.csv": WIDE}) == {"x.csv": None}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"results": {"a": {}}}', b'{"results": {"a": {"files": [{}]}}}']
)
def test_what_acro_does_not_write_is_refused(content: bytes) -> None:
    with pytest.raises(acro.NotAcro):
        acro.declarations(content, {})


def viewer_opens(files: dict[str, bytes], folder: Path) -> dict[str, Any]:
    """What SACRO-Viewer holds a session to: its structure, its version, every checksum, and cells inside the table."""
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    raw = json.loads((folder / "results.json").read_text())
    major, minor, *_ = raw["version"].split(".")
    assert (int(major), int(minor)) >= (0, 4)
    for each in raw["results"].values():
        assert each["files"]
        assert {
            "uid",
            "status",
            "type",
            "command",
            "summary",
            "outcome",
            "timestamp",
            "comments",
            "exception",
        } <= set(each)
        for file in each["files"]:
            kept = (folder / "checksums" / f"{file['name']}.txt").read_text(encoding="utf8")
            assert kept == sha256((folder / file["name"]).read_bytes())
            rows = (folder / file["name"]).read_text().splitlines()[1:]
            for places in file["sdc"]["cells"].values():
                assert all(
                    0 <= row < len(rows) and 0 <= column < rows[row].count(",") for row, column in places
                )
    return dict(raw["results"])


def test_the_viewer_opens_what_we_write(tmp_path: Path) -> None:
    policy = load_policy()
    declared = acro.declarations(session(result("t.csv")), {"t.csv": WIDE})["t.csv"]
    report = check(Offered("t.csv", WIDE, declared), policy)
    assert report.twin is not None
    files = dict(acro.session([report], policy, WHEN)) | {"t.csv": report.twin}
    shown = viewer_opens(files, tmp_path)
    assert shown["output_0"]["status"] == "review"
    assert shown["output_0"]["files"][0]["sdc"]["cells"]["small_count"] == [[0, 2]]
    assert json.loads(files["config.json"])["policy_digest"] == policy.digest


def test_the_command_judges_a_whole_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = tmp_path / "acro_outputs", tmp_path / "checked"
    theirs.mkdir()
    (theirs / "results.json").write_bytes(session(result("t.csv"), result("x.csv", type="custom", fair={})))
    (theirs / "t.csv").write_bytes(WIDE)
    (theirs / "x.csv").write_bytes(b"patient_id,v\n1,2\n3,4\n")
    assert main(["acro", str(theirs), "--into", str(ours)]) == EXIT[Verdict.REFUSED]
    assert not (ours / "x.csv").exists()
    assert b"[REDACTED]" in (ours / "t.csv").read_bytes()
    assert {"results.json", "config.json", "record.json", "checksums"} <= {
        path.name for path in ours.iterdir()
    }
    sessions = [
        path for path in ours.glob("*.json") if {"version", "results"} <= set(json.loads(path.read_text()))
    ]
    assert [path.name for path in sessions] == ["results.json"], (
        "the viewer opens a folder that holds one session"
    )
    assert "refused" in capsys.readouterr().out
    assert main(["acro", str(tmp_path), "--into", str(tmp_path / "again")]) == 2


VIEWER = BUILD / "sacro_viewer" / "bin" / "python"


@pytest.mark.skipif(
    not VIEWER.exists(), reason="SACRO-Viewer is not installed: python scripts/set_up_acro.py"
)
def test_sacro_viewer_itself_opens_reviews_and_bundles_what_we_write(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "acro_outputs", tmp_path / "checked"
    theirs.mkdir()
    (theirs / "results.json").write_bytes(session(result("t.csv"), result("u.csv")))
    for name in ("t.csv", "u.csv"):
        (theirs / name).write_bytes(WIDE)
    main(["acro", str(theirs), "--into", str(ours)])
    program = Path(__file__).with_name("sacro_viewer.py")
    done = subprocess.run(
        [VIEWER, program, ours], stdout=subprocess.PIPE, env={"HOME": str(tmp_path)}, check=True
    )
    said = json.loads(done.stdout)
    assert (said["opened"], said["reviewed"]) == (200, 200)
    assert said["valid"] == {"t.csv": True, "u.csv": True}
    assert said["contents"]["t.csv"] == (ours / "t.csv").read_text()
    assert said["marked"]["t.csv"]["0,2"] == ["small_count"]
    assert "small_count" in said["page"]
    assert {"t.csv", "u.csv"} <= {Path(name).name for name in said["bundle"]}
