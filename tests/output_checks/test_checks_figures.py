"""A figure of ours shows what the table may show, and nothing else; its SVG and PNG pass our own readers."""

import json
from pathlib import Path
from typing import Any

import pytest

from output_checks.__main__ import main
from output_checks.check import check
from output_checks.figures.canvas import Bar, Canvas, Stroke, Words, ticks
from output_checks.figures.charts import CannotDraw, Chart, Kind, draw
from output_checks.formats.drawing import read_drawing
from output_checks.formats.picture import read_png
from output_checks.model import Offered, Report
from output_checks.policy import load_policy

COUNTS = {"statistic": "frequencies", "of": "c", "by": ["age", "sex"], "columns": {"n": "count"}}
TABLE = b"age,sex,n\nyoung,F,200\nyoung,M,180\nold,F,4321\nold,M,3\n"
BOX = {
    "statistic": "position", "of": "c", "by": ["sex"], "value": "bmi", "percentile": [25, 50, 75],
    "columns": {"n": "n", "q1": {"percentile": 25}, "q2": {"percentile": 50}, "q3": {"percentile": 75}},
}  # fmt: skip
CURVE = {
    "statistic": "survival", "of": "c", "time": "day", "event": "died", "by": ["sex"],
    "columns": {"day": "time", "risk": "at_risk", "dead": "events", "s": "survival"},
}  # fmt: skip
RATIOS = {
    "statistic": "correlation", "of": "c", "model": "died ~ age + sex", "n": 500, "residual_df": 497,
    "regressors": ["age", "sex"],
    "columns": {"term": "dimension", "low": "coefficient", "b": "coefficient", "high": "coefficient"},
}  # fmt: skip
REGIONS = {"statistic": "frequencies", "of": "c", "by": ["region"], "columns": {"n": "count"}}
FIGURES: list[tuple[bytes, dict[str, Any], Chart]] = [
    (TABLE, COUNTS, Chart(Kind.BAR, "age", ("n",), "sex", "Deaths")),
    (TABLE, COUNTS, Chart(Kind.LINE, "age", ("n",), "sex", "Deaths")),
    (b"sex,n,q1,q2,q3\nF,900,22,25,30\nM,800,23,26,29\n", BOX, Chart(Kind.BOX, "sex", ("q1", "q2", "q3"))),
    (b"sex,day,risk,dead,s\nF,0,999,0,1\nF,30,903,93,0.907\n", CURVE, Chart(Kind.SURVIVAL, "day", ("s",), "sex")),
    (b"term,low,b,high\nage,0.8,1.2,1.6\nsex,-0.5,0.1,0.7\n", RATIOS, Chart(Kind.FOREST, "term", ("low", "b", "high"))),
    (b"region,n\nLondon,900\nNorth East & Yorkshire,300\nMidlands,3\n", REGIONS, Chart(Kind.MAP, "region", ("n",))),
]  # fmt: skip


def judged(content: bytes, declaration: dict[str, Any]) -> Report:
    return check(Offered("t.csv", content, declaration), load_policy())


def drawn(content: bytes, declaration: dict[str, Any], chart: Chart) -> Canvas:
    return draw(judged(content, declaration), declaration, chart)


@pytest.mark.parametrize(("content", "declaration", "chart"), FIGURES, ids=[each[2].kind for each in FIGURES])
def test_what_we_draw_our_own_readers_take_as_it_is(
    content: bytes, declaration: dict[str, Any], chart: Chart
) -> None:
    canvas = drawn(content, declaration, chart)
    assert len(canvas.shapes) > 5
    assert read_png(canvas.png()).clean == canvas.png()
    again = read_drawing(read_drawing(canvas.svg()).clean)
    assert again.clean == read_drawing(canvas.svg()).clean


def test_a_hidden_number_is_a_gap_and_the_same_gap_whatever_it_was() -> None:
    chart = Chart(Kind.BAR, "age", ("n",), "sex")
    one, other = (drawn(TABLE.replace(b"M,3\n", b"M,%d\n" % few), COUNTS, chart) for few in (1, 7))
    assert one.svg() == other.svg()
    assert one.png() == other.png()
    assert b">hidden<" in one.svg()


def test_two_tables_that_look_the_same_when_rounded_are_drawn_the_same() -> None:
    chart = Chart(Kind.BAR, "age", ("n",), "sex")
    one, other = (drawn(TABLE.replace(b"4321", exact), COUNTS, chart) for exact in (b"4318", b"4322"))
    assert one.svg() == other.svg()


def test_a_curve_is_not_drawn_over_a_hidden_step() -> None:
    canvas = drawn(
        b"age,sex,n\na,F,200\nb,F,3\nc,F,200\na,M,3\nb,M,200\nc,M,3\n",
        COUNTS,
        Chart(Kind.LINE, "age", ("n",), "sex"),
    )
    assert not [each for each in canvas.shapes if isinstance(each, Stroke) and each.width == 2]


@pytest.mark.parametrize(
    ("content", "declaration", "chart"),
    [
        (b"patient_id,n\n1,2\n2,3\n", COUNTS | {"by": ["patient_id"]}, Chart(Kind.BAR, "patient_id", ("n",))),
        (TABLE, COUNTS, Chart(Kind.BAR, "age", ("weight",))),
        (TABLE, COUNTS, Chart(Kind.BOX, "age", ("n", "n", "n"))),
        (TABLE, COUNTS, Chart(Kind.BOX, "age", ("n",))),
        (TABLE, COUNTS, Chart(Kind.SURVIVAL, "age", ("n",))),
    ],
)
def test_what_may_not_leave_or_is_not_there_is_not_drawn(
    content: bytes, declaration: dict[str, Any], chart: Chart
) -> None:
    with pytest.raises(CannotDraw):
        drawn(content, declaration, chart)


def test_nothing_is_drawn_off_the_page() -> None:
    for shape in (Bar(0, 0, 11, 1, "#000"), Stroke(((0, 0), (1, 11)), "#000"), Words(-1, 0, "x")):
        with pytest.raises(ValueError):
            Canvas(10, 10).add(shape)


@pytest.mark.parametrize("most", [0.3, 1, 7, 30, 999, 12345])
def test_ticks_are_round_and_reach_the_most(most: float) -> None:
    found = list(ticks(most))
    assert found[0] == 0
    assert found[-1] >= most
    assert 3 <= len(found) <= 8


def test_the_command_draws(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(TABLE)
    (tmp_path / "d.json").write_text(json.dumps(COUNTS))
    asked = [
        "draw",
        str(tmp_path / "t.csv"),
        "--declare",
        str(tmp_path / "d.json"),
        "--kind",
        "bar",
        "--x",
        "age",
    ]
    for name in ("f.svg", "f.png"):
        assert main([*asked, "--y", "n", "--series", "sex", "--into", str(tmp_path / name)]) == 3
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert main([*asked, "--y", "weight", "--into", str(tmp_path / "g.svg")]) == 2
