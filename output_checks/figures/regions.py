"""A map of the NHS regions of England: one tile for each, about where it lies, darker for more.

Refuses nothing; a region that the table does not have, or whose number is hidden, is white and says so. No finer place
is ever drawn [P11].
"""

from __future__ import annotations

from collections.abc import Mapping

from output_checks.figures.canvas import Bar, Canvas, Stroke, Words

_TILES: Mapping[str, tuple[int, int]] = {
    "North West": (0, 0),
    "North East and Yorkshire": (1, 0),
    "Midlands": (0, 1),
    "East of England": (1, 1),
    "South West": (0, 2),
    "London": (1, 2),
    "South East": (2, 2),
}
_WIDE, _HIGH, _GAP, _LEFT, _TOP = 180, 100, 8, 40, 50
_SHADES = ("#DDEEFF", "#BBDDEE", "#88BBDD", "#66AADD", "#5599CC")


def draw_regions(canvas: Canvas, numbers: Mapping[str, float | None]) -> None:
    """The seven tiles, by the regions' names."""
    shown = {_plain(name): value for name, value in numbers.items()}
    most = max([value for value in shown.values() if value is not None], default=1.0) or 1.0
    for name, place in _TILES.items():
        _tile(canvas, name, place, (shown.get(_plain(name)), most))


def _tile(canvas: Canvas, name: str, place: tuple[int, int], number: tuple[float | None, float]) -> None:
    value, most = number
    left, top = _LEFT + place[0] * (_WIDE + _GAP), _TOP + place[1] * (_HIGH + _GAP)
    shade = "#FFFFFF" if value is None else _SHADES[min(len(_SHADES) - 1, int(value / most * len(_SHADES)))]
    canvas.add(Bar(left, top, _WIDE, _HIGH, shade))
    corners = (
        (left, top),
        (left + _WIDE, top),
        (left + _WIDE, top + _HIGH),
        (left, top + _HIGH),
        (left, top),
    )
    canvas.add(Stroke(corners, "#888888"))
    canvas.add(Words(left + _WIDE // 2, top + 44, name))
    canvas.add(Words(left + _WIDE // 2, top + 64, "hidden" if value is None else f"{value:g}"))


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("&", "and").split())
