"""Bars, lines, boxes, survival curves and forests, drawn from a table that may be shown and from nothing else.

Refuses files that may not leave, columns that the table does not have, and boxes with whiskers to the smallest and the
largest value. A hidden number is a gap with the word for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from output_checks.declare import Role, declared
from output_checks.figures.canvas import Anchor, Bar, Canvas, Point, Stroke, Words, ticks
from output_checks.figures.regions import draw_regions
from output_checks.formats.cells import Reading
from output_checks.model import Report, Table, Verdict
from output_checks.numerals import decimal
from output_checks.read import read

WIDTH, HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _FOOT = 80, 20, 40, 60
_COLOURS = ("#225588", "#DD7722", "#228855", "#882255", "#665544", "#AAAA22", "#4499BB")
_GREY = "#888888"
_LONGEST = 18


class Kind(StrEnum):
    """What can be drawn."""

    BAR = "bar"
    LINE = "line"
    BOX = "box"
    SURVIVAL = "survival"
    FOREST = "forest"
    MAP = "map"


class CannotDraw(Exception):
    """A figure that is not drawn, in one sentence that holds no value."""


@dataclass(frozen=True)
class Chart:
    """What to draw: along which column, which numbers, and in which series. `y` are one column (bars, lines, a map,
    survival), or low, middle and high (boxes: 25th, 50th and 75th percentile; forests: estimate between its limits).
    """

    kind: Kind
    x: str
    y: tuple[str, ...]
    series: str = ""
    title: str = ""


@dataclass(frozen=True)
class _Plot:
    """The table, the chart, and how numbers become points."""

    canvas: Canvas
    table: Table
    chart: Chart
    most: float

    @property
    def labels(self) -> list[str]:
        """What stands along the x axis, in the order of the table."""
        return list(dict.fromkeys(self.table.column(self.chart.x)))

    @property
    def groups(self) -> list[str]:
        """The series; one without a name where there are none."""
        return list(dict.fromkeys(self.table.column(self.chart.series))) if self.chart.series else [""]

    def numbers(self, column: str) -> Mapping[tuple[str, str], float | None]:
        """The number of each label and series; None where it is hidden."""
        series = self.table.column(self.chart.series) if self.chart.series else ("",) * len(self.table.rows)
        keys = zip(self.table.column(self.chart.x), series, strict=True)
        return dict(zip(keys, map(number, self.table.column(column)), strict=True))

    def up(self, value: float) -> int:
        """How far down the page a number is."""
        return round(HEIGHT - _FOOT - value / self.most * (HEIGHT - _FOOT - _TOP))

    def along(self, place: float, of: float) -> int:
        """How far along the page a place is."""
        return round(_LEFT + place / of * (WIDTH - _LEFT - _RIGHT))

    def words(self, x: int, y: int, text: str, anchor: Anchor = "middle") -> None:
        """Words, cut where they would be longer than their place."""
        short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        self.canvas.add(Words(x, y, short, anchor))


def draw(report: Report, declaration: Mapping[str, object], chart: Chart) -> Canvas:
    """The figure of a judged table, drawn from its twin.

    Raises:
        CannotDraw: the file may not leave, or the table is not one of which such a figure can be made.
    """
    if report.verdict is Verdict.REFUSED or report.twin is None:
        raise CannotDraw("Only a table that may leave is drawn.")
    found = read(report.file, report.twin, None)
    if not isinstance(found, Reading):
        raise CannotDraw("Only a table is drawn.")
    _hold(found.table, declaration, chart)
    canvas = Canvas(WIDTH, HEIGHT, chart.title)
    canvas.add(Words(WIDTH // 2, 20, chart.title[:80], size=14))
    if chart.kind is Kind.MAP:
        draw_regions(
            canvas,
            dict(zip(found.table.column(chart.x), map(number, found.table.column(chart.y[0])), strict=True)),
        )
        return canvas
    plot = _Plot(canvas, found.table, chart, _most(found.table, chart))
    if chart.kind is not Kind.FOREST:
        _axes(plot)
    _DRAWN[chart.kind](plot)
    _legend(plot)
    return canvas


def number(text: str) -> float | None:
    """What a cell shows, or None where it is hidden."""
    value = decimal(text)
    return None if value is None else float(value)


def _hold(table: Table, declaration: Mapping[str, object], chart: Chart) -> None:
    columns = declared(declaration).columns
    wanted = (chart.x, *chart.y, *filter(None, (chart.series,)))
    if not set(wanted) <= set(table.columns):
        raise CannotDraw("Name columns that the table has.")
    if len(chart.y) != (3 if chart.kind in (Kind.BOX, Kind.FOREST) else 1):
        raise CannotDraw(
            "Name one column of numbers; for a box or a forest the low, the middle and the high one."
        )
    roles = [columns[name].role if name in columns else Role.OTHER for name in chart.y]
    if {Role.MIN, Role.MAX} & set(roles):
        raise CannotDraw("A smallest or largest value is not drawn.")
    if chart.kind is Kind.BOX and set(roles) != {Role.PERCENTILE}:
        raise CannotDraw("A box is of three percentiles, such as the 25th, the 50th and the 75th.")


def _most(table: Table, chart: Chart) -> float:
    found = [value for name in chart.y for value in map(number, table.column(name)) if value is not None]
    if any(value < 0 for value in found) and chart.kind is not Kind.FOREST:
        raise CannotDraw("Numbers below nought are not drawn.")
    return max([*ticks(max([abs(each) for each in found], default=1.0) or 1.0)])


def _axes(plot: _Plot) -> None:
    foot = HEIGHT - _FOOT
    for tick in ticks(plot.most):
        if tick <= plot.most:
            plot.canvas.add(Stroke(((_LEFT, plot.up(tick)), (WIDTH - _RIGHT, plot.up(tick))), "#DDDDDD"))
            plot.words(_LEFT - 6, plot.up(tick) + 4, f"{tick:g}", "end")
    plot.canvas.add(Stroke(((_LEFT, _TOP), (_LEFT, foot), (WIDTH - _RIGHT, foot)), "#000000"))
    plot.words(_LEFT, _TOP - 6, plot.chart.y[-1])
    if plot.chart.kind is not Kind.SURVIVAL:
        for at, label in enumerate(plot.labels):
            plot.words(plot.along(at + 0.5, len(plot.labels)), foot + 16, label)


def _legend(plot: _Plot) -> None:
    for at, name in enumerate(plot.groups if plot.chart.series else []):
        left = _LEFT + at * 100
        if left + 90 < WIDTH:
            plot.canvas.add(Bar(left, HEIGHT - 24, 10, 10, colour(at)))
            plot.words(left + 14, HEIGHT - 15, name, "start")


def colour(at: int) -> str:
    """The colour of a series."""
    return _COLOURS[at % len(_COLOURS)]


def _hidden(plot: _Plot, x: int) -> None:
    plot.words(x, HEIGHT - _FOOT - 4, "hidden")


def _bars(plot: _Plot) -> None:
    numbers, wide = plot.numbers(plot.chart.y[0]), len(plot.groups) + 1
    for at, label in enumerate(plot.labels):
        for place, name in enumerate(plot.groups):
            left, right = (plot.along(at + (place + part) / wide, len(plot.labels)) for part in (0.5, 1.5))
            value = numbers.get((label, name))
            if value is None:
                _hidden(plot, (left + right) // 2)
            else:
                plot.canvas.add(
                    Bar(left, plot.up(value), right - left, plot.up(0) - plot.up(value), colour(place))
                )


def _lines(plot: _Plot) -> None:
    numbers = plot.numbers(plot.chart.y[0])
    for place, name in enumerate(plot.groups):
        points: list[Point | None] = []
        for at, label in enumerate(plot.labels):
            value, x = numbers.get((label, name)), plot.along(at + 0.5, len(plot.labels))
            points.append(None if value is None else (x, plot.up(value)))
            if value is None:
                _hidden(plot, x)
        _joined(plot, points, colour(place))


def _joined(plot: _Plot, points: Sequence[Point | None], ink: str) -> None:
    """Lines between neighbours that are both shown: a line over a gap would show where the hidden number lies."""
    for first, second in pairwise(points):
        if first is not None and second is not None:
            plot.canvas.add(Stroke((first, second), ink, 2))
    for x, y in filter(None, points):
        plot.canvas.add(Bar(x - 2, y - 2, 4, 4, ink))


def _boxes(plot: _Plot) -> None:
    low, middle, high = (plot.numbers(name) for name in plot.chart.y)
    wide = len(plot.groups) + 1
    for at, label in enumerate(plot.labels):
        for place, name in enumerate(plot.groups):
            left, right = (plot.along(at + (place + part) / wide, len(plot.labels)) for part in (0.6, 1.4))
            box = [each.get((label, name)) for each in (low, middle, high)]
            shown = [plot.up(value) for value in box if value is not None]
            if len(shown) < len(box):
                _hidden(plot, (left + right) // 2)
                continue
            plot.canvas.add(Bar(left, shown[2], right - left, shown[0] - shown[2], colour(place)))
            plot.canvas.add(Stroke(((left, shown[1]), (right, shown[1])), "#FFFFFF", 2))


def _survival(plot: _Plot) -> None:
    numbers = plot.numbers(plot.chart.y[0])
    times = {label: number(label) for label in plot.labels}
    if any(time is None or time < 0 for time in times.values()):
        raise CannotDraw("The times of a curve are numbers from nought.")
    last = max([time or 0 for time in times.values()], default=0) or 1
    for tick in ticks(last):
        if tick <= last:
            plot.words(plot.along(tick, last), HEIGHT - _FOOT + 16, f"{tick:g}")
    for place, name in enumerate(plot.groups):
        steps = [
            (plot.along(times[label] or 0, last), plot.up(value))
            for label in plot.labels
            if (value := numbers.get((label, name))) is not None
        ]
        points = [at for (x, y), (after, _) in pairwise([*steps, *steps[-1:]]) for at in ((x, y), (after, y))]
        if points:
            plot.canvas.add(Stroke(tuple(points), colour(place), 2))


def _forest(plot: _Plot) -> None:
    low, middle, high = (plot.numbers(name) for name in plot.chart.y)
    step = (HEIGHT - _TOP - _FOOT) / max(1, len(plot.labels))
    for at, label in enumerate(plot.labels):
        y = round(_TOP + (at + 0.5) * step)
        plot.words(_LEFT + 60, y + 4, label, "end")
        ends = [each.get((label, plot.groups[0])) for each in (low, middle, high)]
        shown = [_across(plot, value) for value in ends if value is not None]
        if len(shown) < len(ends):
            plot.words(WIDTH // 2, y + 4, "hidden")
            continue
        plot.canvas.add(Stroke(((shown[0], y), (shown[2], y)), _COLOURS[0], 2))
        plot.canvas.add(Bar(shown[1] - 3, y - 3, 6, 6, _COLOURS[0]))
    for tick in (-plot.most, 0.0, 1.0, plot.most):
        if abs(tick) <= plot.most:
            plot.canvas.add(
                Stroke(((_across(plot, tick), _TOP), (_across(plot, tick), HEIGHT - _FOOT)), _GREY)
            )
            plot.words(_across(plot, tick), HEIGHT - _FOOT + 16, f"{tick:g}")


def _across(plot: _Plot, value: float) -> int:
    start = _LEFT + 80
    return round(start + (value + plot.most) / (2 * plot.most) * (WIDTH - _RIGHT - 10 - start))


_DRAWN: Mapping[Kind, Callable[[_Plot], None]] = {
    Kind.BAR: _bars,
    Kind.LINE: _lines,
    Kind.BOX: _boxes,
    Kind.SURVIVAL: _survival,
    Kind.FOREST: _forest,
}
