"""The pixels of a PNG as they are seen: filters undone, palettes looked up, see-through laid on white, shades made coarse.

Refuses filters that PNG does not have and colours that are not in the palette.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from output_checks.formats.refusal import Unreadable

_PALETTE, _GREY_ALPHA = 3, 4
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
_BYTE, _SHADE, _RGB = 8, 17, 3
_SAVE = "Save the figure again as an ordinary PNG, such as with `savefig` or `ggsave`."
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Shape:
    """Width and height in pixels, bits of a sample, PNG's kind of colour, and samples of a pixel."""

    width: int
    height: int
    depth: int
    colour: int
    channels: int

    @property
    def step(self) -> int:
        """Bytes from a sample to the same one of the pixel before."""
        return max(1, self.channels * self.depth // _BYTE)


def painted(filtered: bytes, shape: Shape, palette: bytes, see_through: bytes) -> Bytes:
    """Height x width x 3 shades, each one of sixteen.

    Raises:
        Unreadable: a filter or a colour that there is not.
    """
    samples = _samples(_unfiltered(filtered, shape), shape)
    if shape.colour == _PALETTE:
        samples = _looked_up(samples[:, :, 0], palette, see_through)
    coloured = samples if samples.shape[2] >= _RGB else np.repeat(samples[:, :, :1], _RGB, axis=2)
    if shape.colour == _GREY_ALPHA:
        coloured = np.dstack([coloured, samples[:, :, 1]])
    seen = _on_white(coloured) if coloured.shape[2] > _RGB else coloured
    return ((seen >> 4) * _SHADE).astype(np.uint8)


def _unfiltered(filtered: bytes, shape: Shape) -> Bytes:
    lines = np.frombuffer(filtered, np.uint8).reshape(shape.height, -1)
    before = np.zeros(lines.shape[1] - 1, np.uint8)
    found = np.empty((shape.height, lines.shape[1] - 1), np.uint8)
    for row, line in enumerate(lines):
        before = found[row] = _line(int(line[0]), line[1:], before, shape.step)
    return found


def _line(kind: int, line: Bytes, before: Bytes, step: int) -> Bytes:
    if kind == 0:
        return line
    if kind == _SUB:
        added = np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint64)
        return added.astype(np.uint8).reshape(-1)
    if kind == _UP:
        return line + before
    if kind in (_AVERAGE, _PAETH):
        return _one_by_one(kind, line.tolist(), before.tolist(), step)
    raise Unreadable(
        "file_type", "The picture cannot be read. Its pixels are filtered in an unknown way.", _SAVE
    )


def _one_by_one(kind: int, line: list[int], before: list[int], step: int) -> Bytes:
    """The two filters that look at the pixel just read."""
    found = [0] * step
    corner = [0] * step + before
    for at, (byte, above, diagonal) in enumerate(zip(line, before, corner, strict=False)):
        left = found[at]
        if kind == _AVERAGE:
            found.append((byte + (left + above) // 2) & 255)
            continue
        to_left, to_above = abs(above - diagonal), abs(left - diagonal)
        to_diagonal = abs(left + above - 2 * diagonal)
        nearest = above if to_above <= to_diagonal else diagonal
        found.append((byte + (left if to_left <= min(to_above, to_diagonal) else nearest)) & 255)
    return np.array(found[step:], np.uint8)


def _samples(lines: Bytes, shape: Shape) -> Bytes:
    """Height x width x channels; of two bytes the first, and of less than one spread over a whole (but for a palette)."""
    if shape.depth > _BYTE:
        lines = lines[:, ::2]
    if shape.depth < _BYTE:
        bits = np.unpackbits(lines, axis=1).reshape(shape.height, -1, shape.depth)
        weights = 1 << np.arange(shape.depth - 1, -1, -1)
        lines = (bits @ weights)[:, : shape.width].astype(np.uint8)
        lines = lines if shape.colour == _PALETTE else lines * np.uint8(255 // (2**shape.depth - 1))
    return lines.reshape(shape.height, shape.width, shape.channels)


def _looked_up(places: Bytes, palette: bytes, see_through: bytes) -> Bytes:
    colours = np.frombuffer(palette[: len(palette) // _RGB * _RGB], np.uint8).reshape(-1, _RGB)
    if not len(colours) or int(places.max(initial=0)) >= len(colours):
        raise Unreadable("file_type", "The picture cannot be read. A colour is not in its palette.", _SAVE)
    alpha = np.full(len(colours), 255, np.uint8)
    alpha[: len(see_through)] = np.frombuffer(see_through, np.uint8)[: len(colours)]
    return np.column_stack([colours, alpha])[places]


def _on_white(coloured: Bytes) -> Bytes:
    alpha = coloured[:, :, _RGB:].astype(np.uint16)
    shades = coloured[:, :, :_RGB].astype(np.uint16)
    return ((shades * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
