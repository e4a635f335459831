"""A PNG picture, painted again from what is seen of it.

Refuses broken, interlaced or oversized pictures and anything after the end of one. Text, dates, profiles and thumbnails
are dropped, what is see-through is laid on white, and every colour is one of sixteen shades each of red, green and blue:
what is written in the last bits of the pixels, as nobody sees, is gone. What the pixels show cannot be judged here: a
picture is opaque.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from output_checks.formats.pixels import Shape, painted
from output_checks.formats.refusal import Unreadable
from output_checks.model import Opaque

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"PLTE", b"tRNS")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_MAX_PIXELS = 4_000_000
_SAVE_AGAIN = "Save the figure again as an ordinary PNG, such as with `savefig` or `ggsave`."


def read_png(content: bytes) -> Opaque:
    """The picture without anything but its pixels.

    Raises:
        Unreadable: it is no PNG that a strict reader takes, or something follows its end.
    """
    chunks = list(_chunks(content))
    if [kind for kind, _ in chunks[:1]] != [b"IHDR"] or chunks[-1][0] != b"IEND":
        raise _broken("It does not begin and end as a PNG does.")
    header = chunks[0][1]
    pixels = _inflated(b"".join(data for kind, data in chunks if kind == b"IDAT"), _pixel_bytes(header))
    parts = {kind: data for kind, data in chunks if kind in _KEPT}
    rows = painted(pixels, _shape(header), parts.get(b"PLTE", b""), parts.get(b"tRNS", b""))
    return Opaque("picture", "", written(rows))


def written(rows: NDArray[np.uint8]) -> bytes:
    """A PNG of rows of red, green and blue, in the one way that we write them."""
    height, width, _ = rows.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = rows.reshape(height, 3 * width)
    body = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in body)


def _shape(header: bytes) -> Shape:
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    return Shape(width, height, depth, colour, _CHANNELS[colour])


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    if not content.startswith(_SIGNATURE):
        raise _broken("It is not a PNG inside.")
    while at < len(content):
        head = content[at : at + 8]
        if len(head) < len(_SIGNATURE):
            raise _broken("It breaks off.")
        length, kind = struct.unpack(">I4s", head)
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if check != struct.pack(">I", zlib.crc32(kind + data)):
            raise _broken("A part of it is damaged.")
        yield kind, data
        at += 12 + length
        if kind == b"IEND" and at != len(content):
            raise Unreadable("hidden_content", "Something follows the end of the picture.", _SAVE_AGAIN)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pixel_bytes(header: bytes) -> int:
    if len(header) != 13:  # noqa: PLR2004  # the length of a PNG header
        raise _broken("Its header is damaged.")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if depth not in _DEPTHS.get(colour, ()) or (packing, filtering, interlace) != (0, 0, 0):
        raise _broken("It is interlaced or of an unusual kind.")
    if not 0 < width * height <= _MAX_PIXELS:
        raise _broken("It has no pixels, or too many.")
    row_bits: int = width * depth * _CHANNELS[colour]
    return int(height) * (1 + (row_bits + 7) // 8)


def _inflated(packed: bytes, size: int) -> bytes:
    machine = zlib.decompressobj()
    try:
        pixels = machine.decompress(packed, size + 1)
    except zlib.error as wrong:
        raise _broken("Its pixels are damaged.") from wrong
    if len(pixels) != size or machine.unused_data or not machine.eof:
        raise Unreadable("hidden_content", "The picture holds more or less than its pixels.", _SAVE_AGAIN)
    return pixels


def _broken(reason: str) -> Unreadable:
    return Unreadable("file_type", f"The picture cannot be read. {reason}", _SAVE_AGAIN)
