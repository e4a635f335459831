"""`make demo` is the first thing that anybody runs: it tells its story to the end, and each step ends as the story says."""

import csv
from pathlib import Path

import pytest

from tre.cli.app import run_command_line
from tre.cli.exits import Exit
from tre.main import Hands

pytestmark = pytest.mark.engine


@pytest.mark.slow
def test_the_demonstration_leaves_a_released_table_and_four_refusals(tmp_path: Path, capsys) -> None:
    into = tmp_path / "demo"
    words = ["demo", "--into", str(into), "--patients", "40000"]
    assert run_command_line(Hands().wiring(), words) == Exit.OK, capsys.readouterr()
    (table,) = (into / "site" / "releases").glob("*/output/tests_by_region.csv")
    with table.open(encoding="utf-8", newline="") as rows:
        counts = [row["people"] for row in csv.DictReader(rows)]
    assert counts
    assert all(count == "" or not count.isdigit() or int(count) % 5 == 0 for count in counts)
    said = capsys.readouterr().out
    assert "verified   True" in said
    assert (into / "application-diabetes.toml").exists()
