"""An SVG figure, drawn again from a short list of shapes with coordinates in whole points.

Refuses programs, styles, links, embedded pictures, things that are hidden or off the page, entities, and more shapes
than a figure of groups has: in a scatter every dot is somebody. What the shapes show cannot be judged here: a drawing is
opaque, and its underlying table is judged.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from output_checks.formats.cells import tidy
from output_checks.formats.comma import text_of
from output_checks.formats.refusal import Unreadable
from output_checks.model import Opaque

_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES: Mapping[str, tuple[str, ...]] = {
    "svg": ("width", "height", "viewBox", "role"),
    "g": ("transform",),
    "title": (),
    "desc": (),
    "rect": ("x", "y", "width", "height", "transform"),
    "line": ("x1", "y1", "x2", "y2", "transform"),
    "polyline": ("points", "transform"),
    "polygon": ("points", "transform"),
    "path": ("d", "transform"),
    "text": ("x", "y", "transform"),
    "tspan": ("x", "y", "dx", "dy"),
}
_LOOKS = ("fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "text-anchor")
_WORDS = re.compile(r"[#A-Za-z0-9 .,%()'-]{0,60}")
_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?")
_COORDINATES = re.compile(
    r"[-0-9.eE, \n\t]*|[MLHVCSQTAZmlhvcsqtaz0-9.eE, \n\t+-]*|(?:translate|rotate)\([-0-9.eE, ]*\)"
)
_MOST_SHAPES, _MOST_NUMBERS, _LEGIBLE = 1_500, 20_000, 4
_SAVE = "Save the figure as PNG and declare its underlying table; or let us draw it from that table."


def read_drawing(content: bytes) -> Opaque:
    """The drawing, written again, and the words in it.

    Raises:
        Unreadable: it is no SVG, or holds anything but plain shapes and words that are seen.
    """
    text = text_of(content)
    if re.search(r"<!(?!--)|<\?(?!xml )", text):
        raise _hidden()
    try:
        root = ET.fromstring(text)  # noqa: S314 - declarations and entities were refused above
    except ET.ParseError as wrong:
        raise Unreadable("file_type", "The drawing is not an SVG that can be read.", _SAVE) from wrong
    elements = list(root.iter())
    numbers = sum(len(_NUMBER.findall(value)) for each in elements for value in each.attrib.values())
    if root.tag != _SVG + "svg" or len(elements) > _MOST_SHAPES or numbers > _MOST_NUMBERS:
        raise _hidden()
    drawn = _drawn(root)
    words = "\n".join(_words(root))
    return Opaque("drawing", words, (ET.tostring(drawn, encoding="unicode") + "\n").encode())


def _drawn(element: ET.Element) -> ET.Element:
    name = element.tag.removeprefix(_SVG)
    if name not in _SHAPES:
        raise _hidden()
    kept = {key: _attribute(name, key, value) for key, value in sorted(element.attrib.items())}
    made = ET.Element(name, {"xmlns": _SVG.strip("{}")} | kept if name == "svg" else kept)
    made.text = tidy(element.text or "") or None
    if (made.text and name not in ("text", "tspan", "title", "desc")) or any(
        (each.tail or "").strip() for each in element
    ):
        raise _hidden()
    made.extend([_drawn(each) for each in element])
    return made


def _attribute(name: str, key: str, value: str) -> str:
    if key in _LOOKS and _WORDS.fullmatch(value) and not _invisible(key, value):
        return value
    if key in _SHAPES[name] and (_COORDINATES.fullmatch(value) or (key == "role" and value == "img")):
        # Whole points: nothing can be read off a drawing more finely than it is seen.
        return value if key == "role" else " ".join(_NUMBER.sub(_whole, value).split())
    raise _hidden()


def _invisible(key: str, value: str) -> bool:
    """White, see-through or tiny words are there for programs, not for people."""
    small = key == "font-size" and float((_NUMBER.findall(value) or ["0"])[0]) < _LEGIBLE
    return small or (key == "fill" and value.casefold() == "transparent")


def _whole(found: re.Match[str]) -> str:
    return f" {round(float(found.group()))} "


def _words(root: ET.Element) -> Iterator[str]:
    for each in root.iter():
        if (each.text or "").strip():
            yield tidy(each.text or "")


def _hidden() -> Unreadable:
    return Unreadable(
        "hidden_content", "The drawing holds more than plain shapes and words, or too many of them.", _SAVE
    )
