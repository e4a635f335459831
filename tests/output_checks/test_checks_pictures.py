"""A picture leaves as what is seen of it: every filter read as PNG says, and nothing in the last bits or the words around."""

import struct
import zlib

import numpy as np
import pytest

from output_checks.formats.drawing import read_drawing
from output_checks.formats.picture import read_png, written
from output_checks.formats.refusal import Unreadable

SIZE = 7
PIXELS = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(lines: bytes, *, depth: int = 8, colour: int = 2, more: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", SIZE, SIZE, depth, colour, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(lines))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + packed + chunk(b"IEND", b"")


def paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))


def filtered(kind: int) -> bytes:
    """The pixels as an encoder with one filter writes them, byte by byte as the standard says it."""
    out = bytearray()
    above = [0] * SIZE * 3
    for row in PIXELS.reshape(SIZE, -1).tolist():
        out.append(kind)
        for at, byte in enumerate(row):
            left, corner = (row[at - 3], above[at - 3]) if at >= 3 else (0, 0)
            guess = [0, left, above[at], (left + above[at]) // 2, paeth(left, above[at], corner)][kind]
            out.append((byte - guess) % 256)
        above = row
    return bytes(out)


@pytest.mark.parametrize("kind", range(5))
def test_every_filter_gives_the_same_picture(kind: int) -> None:
    assert read_png(png(filtered(kind))).clean == written((PIXELS >> 4) * np.uint8(17))


def test_a_filter_that_there_is_not_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_png(png(b"\x05" + filtered(0)[1:]))


def test_what_is_written_in_the_last_bits_does_not_leave() -> None:
    message = np.frombuffer(b"9434765919" * 8, np.uint8)
    bits = np.unpackbits(message)[: PIXELS.size].reshape(PIXELS.shape)
    clean, carrying = PIXELS & 0xFE, (PIXELS & 0xFE) | bits
    pictures = [b"".join(b"\0" + row.tobytes() for row in each) for each in (clean, carrying)]
    first, second = (read_png(png(each)).clean for each in pictures)
    assert pictures[0] != pictures[1]
    assert first == second


def test_equal_colours_of_a_palette_are_one_colour() -> None:
    """Two entries of the same red: which of them a pixel has would be a message."""
    palette = chunk(b"PLTE", bytes([255, 0, 0, 255, 0, 0]))
    lines = [b"".join(b"\0" + bytes([each]) * SIZE for _ in range(SIZE)) for each in (0, 1)]
    first, second = (read_png(png(each, colour=3, more=palette)).clean for each in lines)
    assert first == second


def test_a_colour_outside_the_palette_is_refused() -> None:
    palette = chunk(b"PLTE", bytes([255, 0, 0]))
    with pytest.raises(Unreadable):
        read_png(png(b"".join(b"\0" + b"\1" * SIZE for _ in range(SIZE)), colour=3, more=palette))


@pytest.mark.parametrize(
    ("depth", "colour", "width"), [(1, 0, 1), (16, 2, 6 * SIZE), (8, 4, 2 * SIZE), (8, 6, 4 * SIZE)]
)
def test_every_kind_of_pixel_becomes_red_green_and_blue(depth: int, colour: int, width: int) -> None:
    seen = read_png(png(b"".join(b"\0" + b"\xff" * width for _ in range(SIZE)), depth=depth, colour=colour))
    assert seen.clean == written(np.full((SIZE, SIZE, 3), 255, np.uint8))


def test_words_in_a_picture_do_not_leave() -> None:
    carrying = png(filtered(0), more=chunk(b"tEXt", b"Comment\x009434765919"))
    assert b"9434765919" not in read_png(carrying).clean


def test_a_drawing_is_drawn_again_in_whole_points() -> None:
    drawn = read_drawing(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!-- 9434765919 -->'
        b'<path d="M1.9434765919 .5L7 7"/><text x="1" y="1" fill="#000">South</text></svg>'
    )
    assert b"9434765919" not in drawn.clean
    assert b'd="M 2 0 L 7 7"' in drawn.clean
    assert drawn.words == "South"


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onclick="x" width="1"/>',
        '<text fill="transparent">9434765919</text>',
        '<text font-size="0.1">9434765919</text>',
        '<a href="http://x"/>',
        "<style>text{display:none}</style>",
        "<foreignObject/>",
        '<rect width="1" data-nhs="9434765919"/>',
    ],
)
def test_what_nobody_sees_in_a_drawing_is_refused(inside: str) -> None:
    with pytest.raises(Unreadable):
        read_drawing(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'.encode())


def test_entities_do_not_grow() -> None:
    with pytest.raises(Unreadable):
        read_drawing(
            b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>'
        )
