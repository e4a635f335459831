"""A request's plan as a drawing: which action waits for which. Pure arithmetic; the template draws what this places.

Refuses nothing: a plan is in order before it is submitted, so each action stands to the right of all it needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDE, HIGH, GAP_ACROSS, GAP_DOWN, EDGE = 190, 54, 60, 22, 12


@dataclass(frozen=True)
class Box:
    """One action's place in the drawing, in pixels from its top left corner."""

    name: str
    x: int
    y: int


@dataclass(frozen=True)
class Arrow:
    """From an action to one that needs it."""

    path: str


@dataclass(frozen=True)
class Drawing:
    """A whole plan, placed."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int


def drawn(order: Sequence[str], needs: Mapping[str, Sequence[str]]) -> Drawing:
    """Place every action: its column is the longest way to it, its row the next that is free."""
    column: dict[str, int] = {}
    rows: dict[int, int] = {}
    boxes: dict[str, Box] = {}
    for name in order:
        place = max((column[need] + 1 for need in needs[name] if need in column), default=0)
        row = rows.get(place, 0)
        column[name], rows[place] = place, row + 1
        boxes[name] = Box(name, EDGE + place * (WIDE + GAP_ACROSS), EDGE + row * (HIGH + GAP_DOWN))
    arrows = [_arrow(boxes[need], boxes[name]) for name in order for need in needs[name] if need in boxes]
    width = max((box.x + WIDE for box in boxes.values()), default=0) + EDGE
    height = max((box.y + HIGH for box in boxes.values()), default=0) + EDGE
    return Drawing(tuple(boxes.values()), tuple(arrows), width, height)


def _arrow(start: Box, end: Box) -> Arrow:
    x1, y1, x2, y2 = start.x + WIDE, start.y + HIGH // 2, end.x - 6, end.y + HIGH // 2
    bend = (x2 - x1) // 2
    return Arrow(f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}")
