"""The benchmark driver refuses to make a claim that was not measured."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import BadBenchmarkError, benchmarks, measure

LINE = {"name": "count", "ours": 1.0, "reference": 2.0, "ratio": 0.5, "bar": 1.0, "ok": True}


def write(folder: Path, source: str) -> Path:
    path = folder / "count.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_a_benchmark_says_its_line_among_its_other_output(tmp_path: Path) -> None:
    path = write(tmp_path, f"print('warming up')\nprint({json.dumps(json.dumps(LINE))})")
    assert benchmarks(tmp_path) == (path,)
    assert measure(path) == (LINE,)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("print('fast')", "printed no result"),
        ("raise SystemExit(1)", "did not finish"),
        ('print(\'{"name": "count", "ours": 1}\')', "left out bar, ok, ratio, reference"),
    ],
)
def test_what_was_not_measured_is_not_claimed(tmp_path: Path, source: str, reason: str) -> None:
    with pytest.raises(BadBenchmarkError, match=reason):
        measure(write(tmp_path, source))


def test_no_benchmark_at_all_is_not_a_pass(tmp_path: Path) -> None:
    write(tmp_path, "").rename(tmp_path / "_shared.py")
    with pytest.raises(BadBenchmarkError, match="no benchmark"):
        benchmarks(tmp_path)
