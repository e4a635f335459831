"""A drawing as a list of plain shapes in whole points, written as SVG or painted as PNG: the same picture twice.

Refuses shapes off the page. Nothing but the shapes is written: no metadata, no names of files, no dates, no data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from output_checks.formats.picture import written

Anchor = Literal["start", "middle", "end"]
Point = tuple[int, int]
_SCALE, _SHADE, _MOST_TICKS = 2, 17, 6
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


@dataclass(frozen=True)
class Bar:
    """A filled rectangle: left, top, width, height."""

    left: int
    top: int
    width: int
    height: int
    colour: str


@dataclass(frozen=True)
class Stroke:
    """Straight lines from point to point."""

    points: tuple[Point, ...]
    colour: str
    width: int = 1


@dataclass(frozen=True)
class Words:
    """A line of words with its foot at a point."""

    x: int
    y: int
    text: str
    anchor: Anchor = "middle"
    size: int = 11


@dataclass
class Canvas:
    """A page of a width and a height, and what is on it, first things first."""

    width: int
    height: int
    title: str = ""
    shapes: list[Bar | Stroke | Words] = field(default_factory=list)

    def add(self, shape: Bar | Stroke | Words) -> None:
        """One more shape, on top.

        Raises:
            ValueError: it is off the page.
        """
        inside = (0 <= x <= self.width and 0 <= y <= self.height for x, y in _points(shape))
        if not all(inside):
            raise ValueError("a shape is off the page")
        self.shapes.append(shape)

    def svg(self) -> bytes:
        """The drawing as SVG."""
        inner = "".join(map(_svg, self.shapes))
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" height="{self.height}" role="img" width="{self.width}">'
        )
        return f"{opening}<title>{escape(self.title)}</title>{inner}</svg>\n".encode()

    def png(self) -> bytes:
        """The drawing as PNG, twice as fine."""
        image = Image.new("RGB", (self.width * _SCALE, self.height * _SCALE), "white")
        pen = ImageDraw.Draw(image)
        for shape in self.shapes:
            _paint(pen, shape)
        return written(((np.asarray(image) >> 4) * np.uint8(_SHADE)).astype(np.uint8))


def _points(shape: Bar | Stroke | Words) -> Sequence[Point]:
    match shape:
        case Bar(left, top, width, height):
            return ((left, top), (left + width, top + height))
        case Stroke(points):
            return points
        case Words(x, y):
            return ((x, y),)


def _svg(shape: Bar | Stroke | Words) -> str:
    match shape:
        case Bar(left, top, width, height, colour):
            return f'<rect fill="{colour}" height="{height}" width="{width}" x="{left}" y="{top}"/>'
        case Stroke(points, colour, width):
            said = " ".join(f"{x},{y}" for x, y in points)
            return f'<polyline fill="none" points="{said}" stroke="{colour}" stroke-width="{width}"/>'
        case Words(x, y, text, anchor, size):
            looks = f'font-family="sans-serif" font-size="{size}" text-anchor="{anchor}"'
            return f'<text {looks} x="{x}" y="{y}">{escape(text)}</text>'


def _paint(pen: ImageDraw.ImageDraw, shape: Bar | Stroke | Words) -> None:
    match shape:
        case Bar(left, top, width, height, colour):
            if width and height:
                corners = (left, top, left + width - 0.5, top + height - 0.5)
                pen.rectangle([each * _SCALE for each in corners], fill=colour)
        case Stroke(points, colour, width):
            pen.line([(x * _SCALE, y * _SCALE) for x, y in points], fill=colour, width=width * _SCALE)
        case Words(x, y, text, anchor, size):
            font = ImageFont.load_default(size * _SCALE)
            pen.text((x * _SCALE, y * _SCALE), text, fill="black", font=font, anchor=_ANCHORS[anchor])


def ticks(most: float) -> Iterator[float]:
    """Round numbers from nought to a little over the most."""
    step = 10 ** np.floor(np.log10(most)) if most > 0 else 1.0
    step = next(step * part for part in (0.2, 0.5, 1, 2) if most / (step * part) <= _MOST_TICKS)
    yield from (float(step * each) for each in range(int(np.ceil(most / step)) + 1))
